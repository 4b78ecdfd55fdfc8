"""What goes wrong with express-session's records in a store as a whole."""

from inspector.frameworks.express.doctor.contents import CONTENTS
from inspector.frameworks.express.doctor.cookies import COOKIES
from inspector.frameworks.express.doctor.lifetimes import LIFETIMES

EXPRESS_DOCTOR = (*LIFETIMES, *CONTENTS, *COOKIES)
