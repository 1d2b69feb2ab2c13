// An independent verifier of what `ehr-ledger export` writes, on Go's own transparency-log packages (x/mod
// sumdb/note and sumdb/tlog). It shares no code with ehr-ledger.
//
// usage: tlog_check VKEY DIRECTORY [OLD_CHECKPOINT]
//
// Opens the checkpoint, hashes every entry up to the signed root, reads every tile against that root, proves
// entries and prefixes, and compares with an older signed checkpoint if one is given.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8
const tileWidth = 1 << tileHeight

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, arguments ...interface{}) {
	fmt.Fprintf(os.Stderr, "tlog_check: "+format+"\n", arguments...)
	os.Exit(1)
}

type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
}

// openCheckpoint accepts only a note signed by the key, whose first line is the key's name.
func openCheckpoint(file string, verifier note.Verifier) checkpoint {
	message, err := os.ReadFile(file)
	must(err)
	opened, err := note.Open(message, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		fail("%s: a checkpoint has three lines", file)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	if lines[0] != verifier.Name() || len(root) != tlog.HashSize {
		fail("%s: wrong origin or root", file)
	}
	result := checkpoint{origin: lines[0], size: size}
	copy(result.root[:], root)
	return result
}

// directory reads tiles as tlog-tiles names them: tile/<level>/…, while x/mod writes the height in between.
type directory string

func (d directory) Height() int { return tileHeight }

func (d directory) SaveTiles([]tlog.Tile, [][]byte) {}

func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range tiles {
		data, err := d.readTile(tile)
		if err != nil {
			return nil, err
		}
		read = append(read, data)
	}
	return read, nil
}

func (d directory) readTile(tile tlog.Tile) ([]byte, error) {
	name := func(tile tlog.Tile) string {
		return filepath.Join(string(d), "tile", strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight)))
	}
	data, err := os.ReadFile(name(tile))
	if os.IsNotExist(err) { // the full tile stands in for a partial one
		full := tile
		full.W = tileWidth
		if data, err = os.ReadFile(name(full)); err == nil && len(data) >= tile.W*tlog.HashSize {
			data = data[:tile.W*tlog.HashSize]
		}
	}
	return data, err
}

// entries reads the bundles: a length of two bytes before each entry.
func (d directory) entries(size int64) [][]byte {
	var all [][]byte
	for number := int64(0); number*tileWidth < size; number++ {
		width := size - number*tileWidth
		if width > tileWidth {
			width = tileWidth
		}
		path := tlog.Tile{H: tileHeight, L: 0, N: number, W: int(width)}.Path()
		file := filepath.Join(string(d), "tile/entries", strings.TrimPrefix(path, fmt.Sprintf("tile/%d/0/", tileHeight)))
		bundle, err := os.ReadFile(file)
		must(err)
		for ; len(bundle) >= 2; width-- {
			length := int(bundle[0])<<8 | int(bundle[1])
			if len(bundle) < 2+length {
				fail("%s ends too early", file)
			}
			all = append(all, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
		if width != 0 || len(bundle) != 0 {
			fail("%s does not hold what its name says", file)
		}
	}
	return all
}

// hashes is the whole tree, made from the entries alone.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var read []tlog.Hash
	for _, index := range indexes {
		read = append(read, h[index])
	}
	return read, nil
}

func treeOf(entries [][]byte) hashes {
	var tree hashes
	for i, entry := range entries {
		added, err := tlog.StoredHashes(int64(i), entry, tree)
		must(err)
		tree = append(tree, added...)
	}
	return tree
}

// checkTiles compares every leaf with its tile, which TileHashReader has checked against the root.
func checkTiles(reader tlog.HashReader, entries [][]byte) {
	for start := 0; start < len(entries); start += tileWidth {
		var indexes []int64
		for i := start; i < len(entries) && i < start+tileWidth; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, int64(i)))
		}
		leaves, err := reader.ReadHashes(indexes)
		must(err)
		for i, leaf := range leaves {
			if leaf != tlog.RecordHash(entries[start+i]) {
				fail("the tile's hash of entry %d is another one", start+i)
			}
		}
	}
}

func checkInclusion(reader tlog.HashReader, tree checkpoint, entries [][]byte) {
	for _, index := range []int64{0, 1, tree.size / 3, tree.size / 2, tree.size - 2, tree.size - 1} {
		if index < 0 || index >= tree.size {
			continue
		}
		proof, err := tlog.ProveRecord(tree.size, index, reader)
		must(err)
		must(tlog.CheckRecord(proof, tree.size, tree.root, index, tlog.RecordHash(entries[index])))
	}
}

func checkConsistency(reader tlog.HashReader, tree checkpoint, old int64, oldRoot tlog.Hash) {
	proof, err := tlog.ProveTree(tree.size, old, reader)
	must(err)
	must(tlog.CheckTree(proof, tree.size, tree.root, old, oldRoot))
}

// checkLines: entries.jsonl says the same, and each line names the hash of the one before.
func checkLines(file, origin string, entries [][]byte) {
	text, err := os.ReadFile(file)
	must(err)
	if !bytes.Equal(text, append(bytes.Join(entries, []byte("\n")), '\n')) {
		fail("%s differs from the bundles", file)
	}
	previous := sha256.Sum256([]byte(origin))
	for i, line := range entries {
		var entry struct {
			Index  int
			Origin string
			Prev   string
		}
		must(json.Unmarshal(line, &entry))
		if entry.Index != i || entry.Origin != origin || entry.Prev != hex.EncodeToString(previous[:]) {
			fail("entry %d breaks the chain", i)
		}
		previous = sha256.Sum256(line)
	}
}

func main() {
	if len(os.Args) < 3 || len(os.Args) > 4 {
		fmt.Fprintln(os.Stderr, "usage: tlog_check VKEY DIRECTORY [OLD_CHECKPOINT]")
		os.Exit(64)
	}
	verifier, err := note.NewVerifier(os.Args[1])
	must(err)
	exported := directory(os.Args[2])
	tree := openCheckpoint(filepath.Join(string(exported), "checkpoint"), verifier)
	entries := exported.entries(tree.size)
	own := treeOf(entries)
	if root, err := tlog.TreeHash(tree.size, own); err != nil || root != tree.root {
		fail("the entries do not lead to the signed root")
	}
	reader := tlog.TileHashReader(tlog.Tree{N: tree.size, Hash: tree.root}, exported)
	checkTiles(reader, entries)
	checkInclusion(reader, tree, entries)
	for _, old := range []int64{1, tree.size / 2, tree.size} {
		if old < 1 {
			continue
		}
		root, err := tlog.TreeHash(old, own)
		must(err)
		checkConsistency(reader, tree, old, root)
	}
	if len(os.Args) == 4 {
		old := openCheckpoint(os.Args[3], verifier)
		checkConsistency(reader, tree, old.size, old.root)
	}
	checkLines(filepath.Join(string(exported), "entries.jsonl"), tree.origin, entries)
	fmt.Printf("good: %s, %d entries\n", tree.origin, tree.size)
}
