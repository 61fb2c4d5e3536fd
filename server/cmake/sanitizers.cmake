# ENVKNIT_SANITIZE for every target that links envknit::include, so also for
# those made with plain add_executable. Extension modules don't link it: the
# python that loads them has no sanitizer runtime. (ENVKNIT_SANITIZE_FLAGS are for
# those of tests, which do.)
include_guard(GLOBAL)

if(ENVKNIT_SANITIZE STREQUAL "address")
  set(ENVKNIT_SANITIZE_FLAGS -fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  # vptr needs RTTI of libraries that were built without it.
  list(APPEND ENVKNIT_SANITIZE_FLAGS -fno-sanitize=vptr)
elseif(ENVKNIT_SANITIZE STREQUAL "thread")
  set(ENVKNIT_SANITIZE_FLAGS -fsanitize=thread -fno-omit-frame-pointer)
elseif(ENVKNIT_SANITIZE STREQUAL "fuzzer")
  # Coverage for libFuzzer, which the fuzzers link, and the address sanitizers.
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "ENVKNIT_SANITIZE=fuzzer needs clang")
  endif()
  set(ENVKNIT_SANITIZE_FLAGS -fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
elseif(ENVKNIT_SANITIZE)
  message(FATAL_ERROR "ENVKNIT_SANITIZE must be address, thread, fuzzer or empty")
else()
  return()
endif()
target_compile_options(envknit_include INTERFACE ${ENVKNIT_SANITIZE_FLAGS})
target_link_options(envknit_include INTERFACE ${ENVKNIT_SANITIZE_FLAGS})
