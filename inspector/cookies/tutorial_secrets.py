"""Secrets that stand in documentation, tutorials and starter projects, so that everybody knows them."""

TUTORIAL_SECRETS: frozenset[bytes] = frozenset(
    line.encode()
    for line in """
keyboard cat
keyboardcat
keyboard-cat
keyboard_cat
secret
secretkey
secret key
secret-key
secret_key
mysecret
my secret
my-secret
my_secret
mysecretkey
my secret key
my-secret-key
my_secret_key
supersecret
super secret
super-secret
super_secret
supersecretkey
super secret key
super-secret-key
topsecret
top secret
verysecret
very secret
verysecretkey
thisisasecret
this is a secret
this is secret
thisismysecret
thisismysecrctekey
thisisasecretkey
thisshouldbeabettersecret!
thisshouldbeabettersecret
notagoodsecret
notsecret
not-a-secret
shhhh
shhhhh
shhhhhhh
shhhh, very secret
ssshhhhh
session secret
sessionsecret
session-secret
session_secret
sessionSecret
your secret
your-secret
your_secret
your secret key
your-secret-key
your_secret_key
your_session_secret
your-session-secret
change me
changeme
change-me
change_me
change this
replace me
replaceme
somesecret
some secret
some-secret
somerandomsecret
random secret
cookie secret
cookie-secret
cookie_secret
cat
keyboard
keyboard dog
keyboard mouse
express
expressjs
nodejs
node
test
testing
password
password123
123456
12345
1234
123
abc
abc123
qwerty
foo
bar
foobar
dev
development
dev-secret
default
default-secret
hello
hello world
asdf
a secret
a very secret secret
the secret
wow
xxx
complex_password_at_least_32_characters_long
django-insecure
""".strip().splitlines()
)
"""Compared with the whole secret, without white space around it."""
