# ENVKNIT_SANITIZE for every target that links envknit::include, so also for
# those made with plain add_executable. Extension modules don't link it: the
# python that loads them has no sanitizer runtime.
include_guard(GLOBAL)

if(ENVKNIT_SANITIZE STREQUAL "address")
  set(flags -fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  # vptr needs RTTI of libraries that were built without it.
  list(APPEND flags -fno-sanitize=vptr)
elseif(ENVKNIT_SANITIZE STREQUAL "thread")
  set(flags -fsanitize=thread -fno-omit-frame-pointer)
elseif(ENVKNIT_SANITIZE)
  message(FATAL_ERROR "ENVKNIT_SANITIZE must be address, thread or empty")
else()
  return()
endif()
target_compile_options(envknit_include INTERFACE ${flags})
target_link_options(envknit_include INTERFACE ${flags})
