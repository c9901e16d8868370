#!/usr/bin/env bash
# Cuts the font of pictures out of Debian's fonts-noto-cjk: Latin, signs, and the 2,350 syllables of KS X 1001.
#
# In: nothing. Out: NotoSansKR-Chart.otf beside this script. Needs: python3 with fonttools (pip install fonttools), fonts-noto-cjk.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
source=${1:-/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc}
characters=$(mktemp)
trap 'rm -f "$characters"' EXIT
python3 - >"$characters" <<'PYTHON'
syllables = []
for first in range(0xB0, 0xC9):
    for second in range(0xA1, 0xFF):
        syllables.append(bytes([first, second]).decode("euc-kr"))
print("".join(map(chr, range(0x20, 0x7F))) + "₩€£¥°·×÷±−–—…→←↑↓▲▼‘’“”" + "".join(syllables), end="")
PYTHON
# Face 1 of the collection is Korean.
python3 -m fontTools.subset "$source" --font-number=1 --text-file="$characters" --output-file="$here/NotoSansKR-Chart.otf" \
    --layout-features='' --no-hinting --desubroutinize --name-IDs=0,1,2,3,4,5,6,13,14 --notdef-outline --drop-tables+=vhea,vmtx,VORG,BASE,GPOS,GSUB,GDEF
