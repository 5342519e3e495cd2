// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/events"
)

// The installer and all it starts are members of a job. The job limits nothing
// and ends nobody, not even when its last handle is closed ("Job Objects"): it is
// there to be listed. Its name is made of the leader's pid and start time, so that
// whoever knows the attempt's file finds it.

// jobQuery is JOB_OBJECT_QUERY.
const jobQuery = 0x4

// jobName is in the namespace of all sessions: the service and a daemon that was
// started by hand look at the same machine.
func jobName(leader events.ProcessID) (*uint16, error) {
	return windows.UTF16PtrFromString(`Global\quietsetup-attempt-` + strconv.Itoa(leader.PID) + "-" + strconv.FormatInt(leader.Start, 10))
}

// createJob makes the leader's job or opens it; old tells that it was there.
func createJob(leader events.ProcessID) (job windows.Handle, old bool, err error) {
	name, err := jobName(leader)
	if err != nil {
		return 0, false, err
	}
	return makeJob(name)
}

// namelessJob makes a job that only its maker can list. When that is gone, the
// processes' parents tell (see group).
func namelessJob() (windows.Handle, error) {
	job, _, err := makeJob(nil)
	return job, err
}

func makeJob(name *uint16) (job windows.Handle, old bool, err error) {
	self, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return 0, false, fmt.Errorf("cannot tell who runs this program: %w", err)
	}
	us := self.User.Sid.String() // the owner, by which a job is believed
	sd, err := windows.SecurityDescriptorFromString("O:" + us + "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;" + us + ")")
	if err != nil {
		return 0, false, fmt.Errorf("cannot make the access list of the installer's job: %w", err)
	}
	attributes := &windows.SecurityAttributes{SecurityDescriptor: sd}
	attributes.Length = uint32(unsafe.Sizeof(*attributes))
	// x/sys does not tell whether it was there.
	r, _, last := windows.NewLazySystemDLL("kernel32.dll").NewProc("CreateJobObjectW").Call(uintptr(unsafe.Pointer(attributes)), uintptr(unsafe.Pointer(name)))
	if r == 0 && name != nil && errors.Is(last, windows.ERROR_ACCESS_DENIED) { // a stranger's, who lets nobody open it
		job, err := namelessJob()
		return job, false, err
	}
	if r == 0 {
		return 0, false, fmt.Errorf("cannot make a job for the installer: %w", last)
	}
	return windows.Handle(r), errors.Is(last, windows.ERROR_ALREADY_EXISTS), nil
}

// openJob opens the leader's job to list it; 0 if there is none that can be believed.
// Everybody can make a job of that name, and one that may not be opened is none of
// ours.
func openJob(leader events.ProcessID) (windows.Handle, error) {
	name, err := jobName(leader)
	if err != nil {
		return 0, err
	}
	r, _, _ := windows.NewLazySystemDLL("kernel32.dll").NewProc("OpenJobObjectW").Call(jobQuery|windows.READ_CONTROL, 0, uintptr(unsafe.Pointer(name)))
	job := windows.Handle(r)
	if job != 0 && !believed(job) {
		return 0, windows.CloseHandle(job)
	}
	return job, nil
}

// believed reports whether a job belongs to the system, the administrators or our
// own user.
func believed(job windows.Handle) bool {
	sd, err := windows.GetSecurityInfo(job, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return false
	}
	owner, _, err := sd.Owner()
	if err != nil || owner == nil {
		return false
	}
	self, err := windows.GetCurrentProcessToken().GetTokenUser()
	return err == nil && trustedOwner(owner, self.User.Sid)
}

func trustedOwner(owner, self *windows.SID) bool {
	return owner.Equals(self) || owner.IsWellKnown(windows.WinLocalSystemSid) || owner.IsWellKnown(windows.WinBuiltinAdministratorsSid)
}

// join makes an opened process a member.
func join(job windows.Handle, pid int) error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid))
	if err == nil {
		err = windows.AssignProcessToJobObject(job, process)
		_ = windows.CloseHandle(process)
	}
	if err != nil {
		return fmt.Errorf("cannot put the installer into its job: %w", err)
	}
	return nil
}

// members lists what lives in a job, less the windows of consoles: they go with
// the last program that uses them.
func members(all []stat, job windows.Handle) ([]Leftover, error) {
	pids, err := jobPIDs(job)
	if err != nil {
		return nil, err
	}
	var left []Leftover
	for _, s := range all {
		if slices.Contains(pids, s.id.PID) && !s.console() {
			left = append(left, Leftover{s.id, s.name})
		}
	}
	return left, nil
}

// jobPIDs reads the job's list, however long it is
// ("JOBOBJECT_BASIC_PROCESS_ID_LIST structure": two counts, then pids).
func jobPIDs(job windows.Handle) ([]int, error) {
	for room := 64; ; room *= 4 {
		list := make([]uint64, 1+room*int(unsafe.Sizeof(uintptr(0)))/8)
		err := windows.QueryInformationJobObject(job, windows.JobObjectBasicProcessIdList,
			uintptr(unsafe.Pointer(&list[0])), uint32(len(list)*8), nil)
		if errors.Is(err, windows.ERROR_MORE_DATA) && room < 1<<20 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot list the installer's processes: %w", err)
		}
		counts := (*[2]uint32)(unsafe.Pointer(&list[0]))
		pids := unsafe.Slice((*uintptr)(unsafe.Pointer(&list[1])), min(int(counts[1]), room))
		out := make([]int, len(pids))
		for i, pid := range pids {
			out[i] = int(pid)
		}
		return out, nil
	}
}
