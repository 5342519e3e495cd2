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
				t.Logf("found by %d of %d tries, one: %s", len(faults), tried, f)
				return
			}
		}
	}
	t.Errorf("found in %d tries, but not for its reason: %s", tried, faults[0])
}

// The journal is not synced.
func TestPlantedNoJournalSync(t *testing.T) {
	inStates(t, lives(t, "no journal sync"), "", "without log.db only")
}

// log.db is not synced.
func TestPlantedNoBoltSync(t *testing.T) {
	inStates(t, lives(t, "no bbolt sync"), "", "without journal only")
}

// A record is acknowledged before it is synced.
func TestPlantedAckBeforeSync(t *testing.T) {
	inStates(t, lives(t, "ack before sync"), "", "were acknowledged", "acknowledged records are there")
}

// A new store's folder is not synced.
func TestPlantedNoFolderSyncAtCreation(t *testing.T) {
	inStates(t, lives(t, "no folder sync"), "", "were acknowledged", "acknowledged records are there")
}

// The name of a new segment is not synced.
func TestPlantedNoFolderSyncOfASegment(t *testing.T) {
	inStates(t, lives(t, "no segment name"), "", "were acknowledged", "acknowledged records are there")
}

// A start mends the log before what it lost is written down for good.
func TestPlantedNoticeNotSynced(t *testing.T) {
	inStates(t, mends(t, "notice not synced"), "", "told as")
}

// Syncs are made in the wrong order: a file gets its name before what is in it is
// synced.
func TestPlantedSyncOrderSwapped(t *testing.T) {
	inStates(t, mends(t, "sync after rename"), "", "told as")
}

// A last line that a power cut has torn is taken for a record.
func TestPlantedTornLineAccepted(t *testing.T) {
	inStates(t, lives(t, ""), "torn line accepted", "mends again", "told as lost", "other findings")
}

// A log.db of an unclean stop is opened without a probe.
func TestPlantedNoProbe(t *testing.T) {
	inDamage(t, 1, func(o *order) { o.NoProbe = true }, "crash of the daemon", "hang", "seen at the second start", "records", "cannot")
}

// A start believes that both twins end alike.
func TestPlantedTailsNotCompared(t *testing.T) {
	inDamage(t, 2, func(o *order) { o.Mistake = "tails not compared" }, "records are there")
}
