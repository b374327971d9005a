/* Stands for the unwinder in the programs of `make dist`: they abort on a panic (panic = "abort"), and without
 * their tables (see sections.ld) an unwinder would find no frame. Linked first, so that the linker takes
 * none of LLVM's libunwind. scripts/no-unwind-tables.ld does the same for `make modules`.
 *
 * Rust's library asks _Unwind_Backtrace for the frames of a panic's backtrace: there are none. Nothing
 * calls the others, which serve in a frame that was found, or while a stack is unwound. A name
 * that is missing here makes the linker take libunwind, and stop at the names that are then defined twice. */

#define END_OF_STACK 5

int _Unwind_Backtrace(void *each_frame, void *argument) {
  (void)each_frame;
  (void)argument;
  return END_OF_STACK;
}

#define NEVER_CALLED(name) \
  void name(void) { __builtin_trap(); }

NEVER_CALLED(_Unwind_DeleteException)
NEVER_CALLED(_Unwind_FindEnclosingFunction)
NEVER_CALLED(_Unwind_ForcedUnwind)
NEVER_CALLED(_Unwind_GetCFA)
NEVER_CALLED(_Unwind_GetDataRelBase)
NEVER_CALLED(_Unwind_GetGR)
NEVER_CALLED(_Unwind_GetIP)
NEVER_CALLED(_Unwind_GetIPInfo)
NEVER_CALLED(_Unwind_GetLanguageSpecificData)
NEVER_CALLED(_Unwind_GetRegionStart)
NEVER_CALLED(_Unwind_GetTextRelBase)
NEVER_CALLED(_Unwind_RaiseException)
NEVER_CALLED(_Unwind_Resume)
NEVER_CALLED(_Unwind_Resume_or_Rethrow)
NEVER_CALLED(_Unwind_SetGR)
NEVER_CALLED(_Unwind_SetIP)
