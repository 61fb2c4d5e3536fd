#include <string>
#include <string_view>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/ext_families.h"
#include "server/pyvalue/loaded_module.h"

// decimal.Decimal and fractions.Fraction.
namespace envknit {
namespace {

// Fractions are reduced when they are made, in quadratic time: a fifth of a
// second at this size.
constexpr std::size_t kMaxFractionBits = std::size_t{1} << 19;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::size_t TakeDigits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  text.remove_prefix(count);
  return count;
}

bool Take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// What str() of a Decimal gives. Checked here because the constructor may turn
// anything else silently into NaN: that is up to the thread's context.
bool IsDecimalText(std::string_view text) {
  if (!Take(text, "-")) Take(text, "+");
  if (text == "Infinity") return true;
  if (Take(text, "NaN") || Take(text, "sNaN")) {
    TakeDigits(text);
    return text.empty();
  }
  std::size_t digits = TakeDigits(text);
  if (Take(text, ".")) digits += TakeDigits(text);
  if (digits == 0) return false;
  if (Take(text, "E") || Take(text, "e")) {
    if (!Take(text, "-")) Take(text, "+");
    const std::size_t exponent = TakeDigits(text);
    if (exponent == 0 || exponent > 18) return false;
  }
  return text.empty();
}

// Of a Decimal of the module written in Python, which stands in where _decimal
// doesn't load, by what is in its slots; anything for what that didn't make.
std::string TextOfPythonDecimal(PyObject* object) {
  const PyRef sign = ReadSlot(object, "_sign");
  const PyRef digits = ReadSlot(object, "_int");
  const PyRef exponent = ReadSlot(object, "_exp");
  if (!sign || !digits || !exponent || !PyLong_CheckExact(sign.get())) {
    return {};
  }
  int overflow = 0;
  const std::string_view minus =
      PyLong_AsLongAndOverflow(sign.get(), &overflow) != 0 ? "-" : "";
  const std::string_view special = ExactText(exponent.get());
  const std::string_view number = ExactText(digits.get());
  if (special == "F") return Concat({minus, "Infinity"});
  if (special == "n") return Concat({minus, "NaN", number});
  if (special == "N") return Concat({minus, "sNaN", number});
  if (!PyLong_CheckExact(exponent.get())) return {};
  const long power = PyLong_AsLongAndOverflow(exponent.get(), &overflow);
  if (overflow != 0) return {};
  return Concat({minus, number, "E", std::to_string(power)});
}

bool IsShortInt(PyObject* number) {
  if (!PyLong_CheckExact(number)) return false;
  const std::size_t bits = _PyLong_NumBits(number);
  if (bits == static_cast<std::size_t>(-1)) {
    PyErr_Clear();
    return false;
  }
  return bits <= kMaxFractionBits;
}

}  // namespace

ExtParts TakeDecimal(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  if (!IsTypeOfModule(type, "decimal", "Decimal")) return {};
  PyObject* const to_text =
      PyDict_GetItemString(type->tp_dict, "__str__");  // borrowed
  if (to_text == nullptr) return {};
  // Of the one made in C the text is made without any Python.
  if (!Py_IS_TYPE(to_text, &PyWrapperDescr_Type)) {
    const std::string text = TextOfPythonDecimal(object);
    if (!IsDecimalText(text)) return {};
    return {"decimal.Decimal",
            PyRef::Steal(Py_BuildValue("(s)", text.c_str()))};
  }
  const PyRef text = PyRef::Steal(type->tp_str(object));
  return {"decimal.Decimal",
          text ? PyRef::Steal(PyTuple_Pack(1, text.get())) : PyRef()};
}

PyObject* BuildDecimal(PyObject* const* fields, std::size_t /*count*/,
                       CodecError& error) {
  constexpr const char* kWhat = "not a number that Decimal can hold";
  if (!IsDecimalText(ExactText(fields[0]))) {
    error.Malformed(kWhat);
    return nullptr;
  }
  return CallStandard("decimal", "Decimal",
                      PyRef::Steal(PyTuple_Pack(1, fields[0])), kWhat, error);
}

ExtParts TakeFraction(PyObject* object) {
  if (!IsTypeOfModule(Py_TYPE(object), "fractions", "Fraction")) return {};
  const PyRef above = ReadSlot(object, "_numerator");
  const PyRef below = ReadSlot(object, "_denominator");
  if (!above || !below || !IsShortInt(above.get()) || !IsShortInt(below.get()))
    return {};
  return {"fractions.Fraction",
          PyRef::Steal(PyTuple_Pack(2, above.get(), below.get()))};
}

PyObject* BuildFraction(PyObject* const* fields, std::size_t /*count*/,
                        CodecError& error) {
  if (!IsShortInt(fields[0]) || !IsShortInt(fields[1])) {
    error.Malformed("a fraction of something else than ints of 64 KiB at most");
    return nullptr;
  }
  return CallStandard("fractions", "Fraction",
                      PyRef::Steal(PyTuple_Pack(2, fields[0], fields[1])),
                      "a fraction whose denominator is 0", error);
}

}  // namespace envknit
