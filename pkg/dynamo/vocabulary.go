package dynamo

import (
	"crypto/sha256"
	"errors"
	"fmt"
)

// codeLength is the number of bytes of a code. Among 100 words, two have the same code
// in one of 3,000 vocabularies, and then NewVocabulary returns an error.
const codeLength = 3

type code [codeLength]byte

// Vocabulary has the words that occur in many records, such as the types of events. A
// record has a code in place of such a word, and any other word as it is. The code is
// the beginning of the word's hash, so it depends on nothing but the word.
//
// A record with the code of an unknown word cannot be read. So every function reads a
// new word before the first function writes it, and an old word stays in the vocabulary
// for as long as there are records with it.
//
// It also has the names of a table, if those are not the usual ones: see WithLayout.
type Vocabulary struct {
	words  map[code]string
	codes  map[string]code
	layout Layout
}

// NewVocabulary returns the vocabulary of the given words. An error is returned if two
// of them have the same code.
func NewVocabulary(words ...string) (Vocabulary, error) {
	v := Vocabulary{words: make(map[code]string), codes: make(map[string]code)}
	for _, word := range words {
		hash := sha256.Sum256([]byte(word))
		c := code(hash[:codeLength])
		if other, taken := v.words[c]; taken && other != word {
			return Vocabulary{}, fmt.Errorf("the words %q and %q have the same code: rename one of them", other, word)
		}
		v.words[c], v.codes[word] = word, c
	}
	return v, nil
}

// compact returns the code of a word, or the word itself if it has none.
func (v Vocabulary) compact(word string) any {
	if c, known := v.codes[word]; known {
		return c[:]
	}
	return word
}

// expand returns the word that compact made a value of.
func (v Vocabulary) expand(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case []byte:
		if len(value) == codeLength {
			if word, known := v.words[code(value)]; known {
				return word, nil
			}
		}
		return "", fmt.Errorf("the word with the code %x is not in the vocabulary", value)
	}
	return "", errors.New("a word is missing")
}
