// SPDX-License-Identifier: Apache-2.0

package store

import (
	"strings"
	"testing"
)

// Each test plants one bug and passes when a rig finds it, and says so in the words
// that are expected.

// inStates looks for a planted bug among what power cuts may leave.
func inStates(t *testing.T, runs []*recorded, mistake string, says ...string) {
	t.Helper()
	for _, r := range runs {
		r.record(t)
	}
	sum := search(t, runs, 20000, enough, 1, mistakes()[mistake], t.TempDir())
	found(t, sum.faults, sum.distinct, says)
}

// inDamage looks for a planted bug with damaged files, until so many faults are found.
func inDamage(t *testing.T, most int, alter func(*order), says ...string) {
	t.Helper()
	sum := tryDamage(t, 2000, 1, most, alter)
	found(t, sum.faults, sum.files, says)
}

// enough faults end a search; a bug shows in more than one way.
const enough = 20

func found(t *testing.T, faults []string, tried int, says []string) {
	t.Helper()
	if len(faults) == 0 {
		t.Fatalf("the planted bug was not found in %d tries", tried)
	}
	for _, f := range faults {
		for _, s := range says {
			if strings.Contains(f, s) {
				t.Logf("%d faults in %d tries: %s", len(faults), tried, f)
				return
			}
		}
	}
	t.Errorf("found in %d tries, but not for its reason: %s", tried, faults[0])
}

func TestPlantedNoJournalSync(t *testing.T) {
	inStates(t, lives(t, "no journal sync"), "", "without log.db only")
}

func TestPlantedNoBoltSync(t *testing.T) {
	inStates(t, lives(t, "no bbolt sync"), "", "without journal only")
}

func TestPlantedAckBeforeSync(t *testing.T) {
	inStates(t, lives(t, "ack before sync"), "", "were acknowledged", "acknowledged records are there")
}

func TestPlantedNoFolderSyncAtCreation(t *testing.T) {
	inStates(t, lives(t, "no folder sync"), "", "were acknowledged", "acknowledged records are there")
}

func TestPlantedNoFolderSyncOfASegment(t *testing.T) {
	inStates(t, lives(t, "no segment name"), "", "were acknowledged", "acknowledged records are there")
}

func TestPlantedNoticeNotSynced(t *testing.T) {
	inStates(t, mends(t, "notice not synced"), "", "told as")
}

func TestPlantedTornLineAccepted(t *testing.T) {
	inStates(t, lives(t, ""), "torn line accepted", "mends again", "told as lost", "other findings")
}

func TestPlantedNoProbe(t *testing.T) {
	inDamage(t, 1, func(o *order) { o.NoProbe = true }, "crash of the daemon", "hang", "seen at the second start", "records", "cannot")
}

func TestPlantedTailsNotCompared(t *testing.T) {
	inDamage(t, 2, func(o *order) { o.Mistake = "tails not compared" }, "records are there")
}
