#ifndef ENVKNIT_SERVER_PYVALUE_EXT_FAMILIES_H_
#define ENVKNIT_SERVER_PYVALUE_EXT_FAMILIES_H_

#include <Python.h>

#include <cstddef>

#include "server/pyvalue/ext_registry.h"

// What each family of types gives to the registry. Take…: the parts of an
// object that may be of the family, an empty type if it isn't. Build…: as
// BuildExt, for one type, with as many fields as the registry allows it.
namespace envknit {

ExtParts TakeBuiltin(PyObject* object);
PyObject* BuildSlice(PyObject* const* fields, std::size_t count,
                     CodecError& error);
PyObject* BuildRange(PyObject* const* fields, std::size_t count,
                     CodecError& error);
PyObject* BuildBytearray(PyObject* const* fields, std::size_t count,
                         CodecError& error);
PyObject* BuildEllipsis(PyObject* const* fields, std::size_t count,
                        CodecError& error);
PyObject* BuildNotImplemented(PyObject* const* fields, std::size_t count,
                              CodecError& error);

ExtParts TakeDatetime(PyObject* object);
PyObject* BuildDate(PyObject* const* fields, std::size_t count,
                    CodecError& error);
PyObject* BuildTime(PyObject* const* fields, std::size_t count,
                    CodecError& error);
PyObject* BuildDatetime(PyObject* const* fields, std::size_t count,
                        CodecError& error);
PyObject* BuildTimedelta(PyObject* const* fields, std::size_t count,
                         CodecError& error);
PyObject* BuildTimezone(PyObject* const* fields, std::size_t count,
                        CodecError& error);

ExtParts TakeZoneInfo(PyObject* object);
PyObject* BuildZoneInfo(PyObject* const* fields, std::size_t count,
                        CodecError& error);

ExtParts TakeDecimal(PyObject* object);
PyObject* BuildDecimal(PyObject* const* fields, std::size_t count,
                       CodecError& error);
ExtParts TakeFraction(PyObject* object);
PyObject* BuildFraction(PyObject* const* fields, std::size_t count,
                        CodecError& error);

ExtParts TakeUuid(PyObject* object);
PyObject* BuildUuid(PyObject* const* fields, std::size_t count,
                    CodecError& error);

// Paths made of more stay where they are.
inline constexpr std::size_t kMaxPathSegments = 1000;
ExtParts TakePath(PyObject* object);
PyObject* BuildPurePosixPath(PyObject* const* fields, std::size_t count,
                             CodecError& error);
PyObject* BuildPureWindowsPath(PyObject* const* fields, std::size_t count,
                               CodecError& error);
PyObject* BuildPosixPath(PyObject* const* fields, std::size_t count,
                         CodecError& error);

// The value of a slot (`__slots__`, or a member of a type made in C) of an
// object; empty, without an exception, if its type has no such slot or nothing
// is in it. Runs no user code.
PyRef ReadSlot(PyObject* object, const char* name);

// The UTF-8 of an exact str; empty view with null data, without an exception,
// for anything else. The view lives as long as the str.
std::string_view ExactText(PyObject* object);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_EXT_FAMILIES_H_
