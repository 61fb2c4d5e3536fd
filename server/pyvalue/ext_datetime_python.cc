#include "server/pyvalue/ext_datetime_python.h"

#include <cstdint>
#include <utility>

#include "server/pyvalue/ext_families.h"
#include "server/pyvalue/iso_time.h"
#include "server/pyvalue/loaded_module.h"

namespace envknit {
namespace {

constexpr int kMaxYear = 9999;
constexpr int kMaxDays = 999'999'999;
constexpr int kMaxMicros = 999'999;
constexpr int kMaxSeconds = 86'399;
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

// The slots of one object. What is no exact int in its range is nothing that
// the module made.
class Slots final {
 public:
  explicit Slots(PyObject* object) : object_(object) {}

  int Int(const char* name, int low, int high) {
    const PyRef value = ReadSlot(object_, name);
    int overflow = 0;
    const long number = value && PyLong_CheckExact(value.get())
                            ? PyLong_AsLongAndOverflow(value.get(), &overflow)
                            : high + 1L;
    if (overflow != 0 || number < low || number > high) ok_ = false;
    return ok_ ? static_cast<int>(number) : low;
  }
  bool ok() const { return ok_; }

 private:
  PyObject* const object_;
  bool ok_ = true;
};

void ReadDate(Slots& slots, IsoTime& time) {
  time.year = slots.Int("_year", 1, kMaxYear);
  time.month = slots.Int("_month", 1, 12);
  time.day = slots.Int("_day", 1, 31);
}

void ReadTime(Slots& slots, IsoTime& time) {
  time.hour = slots.Int("_hour", 0, 23);
  time.minute = slots.Int("_minute", 0, 59);
  time.second = slots.Int("_second", 0, 59);
  time.microsecond = slots.Int("_microsecond", 0, kMaxMicros);
}

PyRef DateFields(PyObject* object) {
  Slots slots(object);
  IsoTime time;
  ReadDate(slots, time);
  if (!slots.ok()) return {};
  return IsoFields(FormatIso(time, IsoForm::kDate), Py_None, false);
}

PyRef ClockFields(PyObject* object, IsoForm form) {
  Slots slots(object);
  IsoTime time;
  if (form == IsoForm::kDateTime) ReadDate(slots, time);
  ReadTime(slots, time);
  const bool fold = slots.Int("_fold", 0, 1) != 0;
  const PyRef zone = ReadSlot(object, "_tzinfo");
  if (!slots.ok() || !zone) return {};
  return IsoFields(FormatIso(time, form), zone.get(), fold);
}

PyRef TimedeltaFields(PyObject* object) {
  Slots slots(object);
  const int days = slots.Int("_days", -kMaxDays, kMaxDays);
  const int seconds = slots.Int("_seconds", 0, kMaxSeconds);
  const int micros = slots.Int("_microseconds", 0, kMaxMicros);
  if (!slots.ok()) return {};
  return PyRef::Steal(Py_BuildValue("(iii)", days, seconds, micros));
}

PyRef TimezoneFields(PyObject* object) {
  const PyRef offset = ReadSlot(object, "_offset");
  const PyRef name = ReadSlot(object, "_name");
  if (!offset || !name ||
      !IsTypeOfModule(Py_TYPE(offset.get()), "datetime", "timedelta")) {
    return {};
  }
  Slots slots(offset.get());
  const int64_t days = slots.Int("_days", -1, 1);
  const int64_t seconds = slots.Int("_seconds", 0, kMaxSeconds);
  const int64_t micros = slots.Int("_microseconds", 0, kMaxMicros);
  if (!slots.ok()) return {};
  const auto number = static_cast<long long>(
      days * kMicrosPerDay + seconds * kMicrosPerSecond + micros);
  return PyRef::Steal(name.get() == Py_None
                          ? Py_BuildValue("(L)", number)
                          : Py_BuildValue("(LO)", number, name.get()));
}

// Nothing, if there are no fields and no exception.
ExtParts PartsOf(const char* type, PyRef fields) {
  if (!fields && PyErr_Occurred() == nullptr) return {};
  return {type, std::move(fields)};
}

}  // namespace

PyRef IsoFields(const std::string& text, PyObject* zone, bool fold) {
  const PyRef first = PyRef::Steal(PyUnicode_FromStringAndSize(
      text.data(), static_cast<Py_ssize_t>(text.size())));
  if (!first) return {};
  if (fold) {
    const PyRef one = PyRef::Steal(PyLong_FromLong(1));
    return one ? PyRef::Steal(PyTuple_Pack(3, first.get(), zone, one.get()))
               : PyRef();
  }
  if (zone != Py_None) {
    return PyRef::Steal(PyTuple_Pack(2, first.get(), zone));
  }
  return PyRef::Steal(PyTuple_Pack(1, first.get()));
}

ExtParts TakePythonDatetime(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  const auto is = [&](const char* name) {
    return IsTypeOfModule(type, "datetime", name);
  };
  if (is("datetime")) {
    return PartsOf("datetime.datetime",
                   ClockFields(object, IsoForm::kDateTime));
  }
  if (is("date")) return PartsOf("datetime.date", DateFields(object));
  if (is("time")) {
    return PartsOf("datetime.time", ClockFields(object, IsoForm::kTime));
  }
  if (is("timedelta")) {
    return PartsOf("datetime.timedelta", TimedeltaFields(object));
  }
  if (is("timezone")) {
    return PartsOf("datetime.timezone", TimezoneFields(object));
  }
  return {};
}

PyObject* CallPythonDatetime(const char* name, PyRef args, bool fold) {
  if (!args) return nullptr;
  const PyRef module = PyRef::Steal(PyImport_ImportModule("datetime"));
  const PyRef type =
      module ? PyRef::Steal(PyObject_GetAttrString(module.get(), name))
             : PyRef();
  const PyRef kwargs =
      fold ? PyRef::Steal(Py_BuildValue("{si}", "fold", 1)) : PyRef();
  if (!type || (fold && !kwargs)) return nullptr;
  return PyObject_Call(type.get(), args.get(), kwargs.get());
}

}  // namespace envknit
