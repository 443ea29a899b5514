# Puts the dependencies and the look of this version into the folder. Run by `release build`, in a copy.
set -eu

# Wheels without compiled parts, for Python 3.9 and newer: the same bytes whatever builds them, whatever runs them.
python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore \
  --require-hashes --no-deps --only-binary :all: --no-compile \
  --python-version 3.9 --implementation py --abi none --platform any \
  --target vendor --requirement requirements.txt

# Of AWS's services the shop knows one.
find vendor/botocore/data -mindepth 1 -maxdepth 1 -type d ! -name sqs -exec rm -r {} +
rm -rf vendor/sqlalchemy/dialects/mssql vendor/sqlalchemy/dialects/mysql vendor/sqlalchemy/dialects/oracle vendor/sqlalchemy/testing

# Both name the interpreter that built them, and the same input must give the same bytes.
rm -rf vendor/bin
find vendor -name RECORD -exec rm {} +

# 2.1 looks like 2: a label is released once, a look as often as one likes.
look="versions/${RELEASE_VERSION%%.*}.json"
[ -f "$look" ] || look=versions/1.json
cp "$look" shop/look.json

# What came with version 2 is in it and in those that build on it.
[ "$look" != versions/1.json ] || rm migrations/000[!1]_*
rm -r versions
