// SPDX-License-Identifier: Apache-2.0
// bcryptprimitives.dll for Wine 8: what Go programs need and Wine lacks. Every Go
// program loads this library first, for its random bytes.
#include <windows.h>
#include <string.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);

// Random bytes, from the function that older Windows has for them.
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n)
{
	for (; n > 0x10000000; n -= 0x10000000, p += 0x10000000)
		if (!SystemFunction036(p, 0x10000000))
			return FALSE;
	return SystemFunction036(p, (ULONG)n);
}

// Go deletes a file with NtSetInformationFile(FileDispositionInformationEx). A
// Windows that is too old for it says STATUS_INVALID_INFO_CLASS, and Go does it in
// the old way. Wine 8 says STATUS_NOT_IMPLEMENTED, which no Windows does, and
// os.RemoveAll and os.Root.Remove fail. So here it is said as Windows does.
//
// The function is a stub that enters the kernel; it does not depend on where it
// lies. A copy of it follows the question, and the original jumps there.
static void say_no_such_class(void)
{
	static const BYTE question[] = {
		0x83, 0x7c, 0x24, 0x28, 64,   // cmp dword [rsp+28h], FileDispositionInformationEx
		0x75, 0x06,                   // jne the copy
		0xb8, 0x03, 0x00, 0x00, 0xc0, // mov eax, STATUS_INVALID_INFO_CLASS
		0xc3,                         // ret
	};
	static const BYTE known[] = {0x4c, 0x8b, 0xd1, 0xb8}; // mov r10, rcx; mov eax, number
	BYTE *stub = (BYTE *)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtSetInformationFile");
	BYTE *code, jump[12] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0}; // mov rax, code; jmp rax
	const SIZE_T size = 32;
	DWORD old;

	if (!stub || memcmp(stub, known, sizeof known))
		return; // another Wine: it is left alone
	code = VirtualAlloc(NULL, sizeof question + size, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
	if (!code || !VirtualProtect(stub, sizeof jump, PAGE_EXECUTE_READWRITE, &old))
		return;
	memcpy(code, question, sizeof question);
	memcpy(code + sizeof question, stub, size);
	memcpy(jump + 2, &code, sizeof code);
	memcpy(stub, jump, sizeof jump);
	VirtualProtect(stub, sizeof jump, old, &old);
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD why, LPVOID more)
{
	(void)self, (void)more;
	if (why == DLL_PROCESS_ATTACH)
		say_no_such_class();
	return TRUE;
}
