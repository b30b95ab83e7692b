// Counts every allocation of this thread and keeps the size of the largest, for tests of code that
// must not allocate, or not before it has checked its input. Replaces the
// global operators of the whole test program, so exactly one of its files includes this. All forms
// that the library uses are replaced together: sanitizers compare them. Not inlined: the compiler
// would pair malloc with delete and warn.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <new>

namespace volante {
inline thread_local long allocations_so_far = 0;
inline thread_local std::size_t largest_allocation = 0;  // bytes; a test sets it back to 0
}  // namespace volante

[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++volante::allocations_so_far;
  volante::largest_allocation = std::max(volante::largest_allocation, size);
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* p = operator new(size, std::nothrow)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
