#ifndef ENVKNIT_SERVER_RUNTIME_TYPE_DESCRIPTION_H_
#define ENVKNIT_SERVER_RUNTIME_TYPE_DESCRIPTION_H_

#include <Python.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace envknit {

// The message TypeInfo of instances of `type`, or (`is_class`) of the class
// itself. Read from the dicts and slots along the MRO: no attribute of the type
// is asked for, so no user code runs.
std::string DescribeType(PyTypeObject* type, uint32_t type_id, bool is_class);

// Whether `name` is one of the operator methods that Python looks up on the
// type of an object, never on the object.
bool IsOperatorName(std::string_view name);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_TYPE_DESCRIPTION_H_
