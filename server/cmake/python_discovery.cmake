# The Pythons of this machine, and what is taken from PyPI for the build:
# pybind11's headers (Debian's are too old for CPython 3.12 and later) and the
# google/rpc protos (no Debian package has usable ones). A Python that has the
# two packages installed, as an isolated wheel build does, is used as it is;
# otherwise they go into a folder of the build tree.
include_guard(GLOBAL)

set(ENVKNIT_PYTHON_PREFIXES "" CACHE STRING
  "Further folders with Pythons to build worker modules for")
option(ENVKNIT_ALL_PYTHONS "Build worker modules for every minor found, not only for Python3_EXECUTABLE's" ON)
set(ENVKNIT_PYTHON_TAG 3${Python3_VERSION_MINOR})
set(build_requirements pybind11>=3.0,<4 googleapis-common-protos>=1.63)

execute_process(
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/find_pythons.py
    ${ENVKNIT_PYTHON_PREFIXES}
  OUTPUT_VARIABLE lines OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE ";" "|" lines "${lines}")
string(REPLACE "\n" ";" lines "${lines}")
set(ENVKNIT_PYTHONS)
foreach(line IN LISTS lines)
  string(REPLACE "|" ";" fields "${line}")
  list(GET fields 0 tag)
  list(GET fields 1 ENVKNIT_PYTHON_${tag}_EXECUTABLE)
  list(GET fields 2 ENVKNIT_PYTHON_${tag}_INCLUDE)
  list(GET fields 3 ENVKNIT_PYTHON_${tag}_EXT_SUFFIX)
  if(ENVKNIT_ALL_PYTHONS OR tag STREQUAL ENVKNIT_PYTHON_TAG)
    list(APPEND ENVKNIT_PYTHONS ${tag})
    message(STATUS "CPython ${tag}: ${ENVKNIT_PYTHON_${tag}_EXECUTABLE}")
  endif()
endforeach()

if(NOT ENVKNIT_PYTHON_TAG IN_LIST ENVKNIT_PYTHONS)
  message(FATAL_ERROR
    "${Python3_EXECUTABLE} has no C headers: install them (Debian: python3-dev)")
endif()

# Sets pybind11_dir and googleapis_dir if the Python, or the folder, has them.
function(envknit_locate_build_requirements)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${ENVKNIT_BUILD_PACKAGES}
      ${Python3_EXECUTABLE} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/locate_packages.py
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(NOT failed)
    list(GET found 0 pybind11_dir)
    list(GET found 1 googleapis_dir)
    set(ENVKNIT_PYBIND11_INCLUDE ${pybind11_dir} PARENT_SCOPE)
    set(ENVKNIT_GOOGLEAPIS_INCLUDE ${googleapis_dir} PARENT_SCOPE)
  endif()
endfunction()

set(ENVKNIT_BUILD_PACKAGES ${PROJECT_BINARY_DIR}/python_packages)
envknit_locate_build_requirements()
if(NOT ENVKNIT_PYBIND11_INCLUDE)
  message(STATUS "Fetching from PyPI: ${build_requirements}")
  # Debian's python3 has no pip, but its venv module brings one.
  set(pip_venv ${PROJECT_BINARY_DIR}/python_pip)
  execute_process(COMMAND ${Python3_EXECUTABLE} -m venv ${pip_venv}
    COMMAND_ERROR_IS_FATAL ANY)
  execute_process(
    COMMAND ${pip_venv}/bin/python -m pip install --quiet
      --disable-pip-version-check --no-deps --upgrade
      --target ${ENVKNIT_BUILD_PACKAGES} ${build_requirements}
    COMMAND_ERROR_IS_FATAL ANY)
  file(REMOVE_RECURSE ${pip_venv})
  envknit_locate_build_requirements()
endif()
if(NOT ENVKNIT_PYBIND11_INCLUDE)
  message(FATAL_ERROR "pybind11 and googleapis-common-protos were not found")
endif()
