// SPDX-License-Identifier: Apache-2.0
// bcryptprimitives.dll for Wine 8, as far as Go programs need it: random bytes,
// from the function that older Windows has for them.
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n)
{
	for (; n > 0x10000000; n -= 0x10000000, p += 0x10000000)
		if (!SystemFunction036(p, 0x10000000))
			return FALSE;
	return SystemFunction036(p, (ULONG)n);
}
