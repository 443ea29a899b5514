# Puts the dependencies and the look of this version into the folder. Run by `release build`, in a copy.
set -eu

python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore \
  --require-hashes --no-deps --only-binary :all: --no-compile --target vendor --requirement requirements.txt

# Both name the interpreter that built them, and the same input must give the same bytes.
rm -rf vendor/bin
find vendor -name RECORD -exec rm {} +

# 2.1 looks like 2: a label is released once, a look as often as one likes.
look="versions/${RELEASE_VERSION%%.*}.json"
[ -f "$look" ] || look=versions/1.json
cp "$look" shop/look.json
