#include <Python.h>

#include <datetime.h>

#include <cstdint>
#include <string>
#include <utility>

#include "server/pyvalue/ext_datetime_python.h"
#include "server/pyvalue/ext_families.h"
#include "server/pyvalue/iso_time.h"
#include "server/pyvalue/loaded_module.h"

// date, time, datetime, timedelta, timezone of the module datetime; what is
// here is for the one made in C.
namespace envknit {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kMicrosPerDay = kSecondsPerDay * kMicrosPerSecond;
constexpr int64_t kMaxDays = 999'999'999;

// The C interface of the loaded module datetime: the capsule is authentic
// whatever else stands in the module. nullptr: not loaded, or made in Python.
PyDateTime_CAPI* LoadedApi() {
  PyObject* const capsule = FindInLoadedModule("datetime", "datetime_CAPI");
  if (capsule == nullptr ||
      PyCapsule_IsValid(capsule, PyDateTime_CAPSULE_NAME) == 0) {
    return nullptr;
  }
  return static_cast<PyDateTime_CAPI*>(
      PyCapsule_GetPointer(capsule, PyDateTime_CAPSULE_NAME));
}

// Imports the module if need be. nullptr, without an exception, if there is
// none or one made in Python.
PyDateTime_CAPI* ImportedApi() {
  PyDateTime_CAPI* const api = LoadedApi();
  if (api != nullptr) return api;
  const PyRef module = PyRef::Steal(PyImport_ImportModule("datetime"));
  if (!module) PyErr_Clear();
  return module ? LoadedApi() : nullptr;
}

PyRef DateFields(PyObject* date) {
  IsoTime time;
  time.year = PyDateTime_GET_YEAR(date);
  time.month = PyDateTime_GET_MONTH(date);
  time.day = PyDateTime_GET_DAY(date);
  return IsoFields(FormatIso(time, IsoForm::kDate), Py_None, false);
}

PyRef TimeFields(PyObject* object) {
  IsoTime time;
  time.hour = PyDateTime_TIME_GET_HOUR(object);
  time.minute = PyDateTime_TIME_GET_MINUTE(object);
  time.second = PyDateTime_TIME_GET_SECOND(object);
  time.microsecond = PyDateTime_TIME_GET_MICROSECOND(object);
  return IsoFields(FormatIso(time, IsoForm::kTime),
                   PyDateTime_TIME_GET_TZINFO(object),
                   PyDateTime_TIME_GET_FOLD(object) != 0);
}

PyRef DatetimeFields(PyObject* object) {
  IsoTime time;
  time.year = PyDateTime_GET_YEAR(object);
  time.month = PyDateTime_GET_MONTH(object);
  time.day = PyDateTime_GET_DAY(object);
  time.hour = PyDateTime_DATE_GET_HOUR(object);
  time.minute = PyDateTime_DATE_GET_MINUTE(object);
  time.second = PyDateTime_DATE_GET_SECOND(object);
  time.microsecond = PyDateTime_DATE_GET_MICROSECOND(object);
  return IsoFields(FormatIso(time, IsoForm::kDateTime),
                   PyDateTime_DATE_GET_TZINFO(object),
                   PyDateTime_DATE_GET_FOLD(object) != 0);
}

PyRef TimedeltaFields(PyObject* delta) {
  return PyRef::Steal(Py_BuildValue("(iii)", PyDateTime_DELTA_GET_DAYS(delta),
                                    PyDateTime_DELTA_GET_SECONDS(delta),
                                    PyDateTime_DELTA_GET_MICROSECONDS(delta)));
}

PyRef TimezoneFields(PyObject* zone, const PyDateTime_CAPI& api) {
  // What pickle asks for: the offset, and the name if it was given.
  const PyRef given =
      PyRef::Steal(PyObject_CallMethod(zone, "__getinitargs__", nullptr));
  if (!given) return {};
  PyObject* offset = nullptr;
  PyObject* name = nullptr;
  if (PyArg_ParseTuple(given.get(), "O|O", &offset, &name) == 0) return {};
  if (!Py_IS_TYPE(offset, api.DeltaType)) {
    // Of a subclass of timedelta: the same numbers, but nothing we may trust.
    PyErr_SetString(PyExc_TypeError, "an offset that is no timedelta");
    return {};
  }
  const int64_t micros =
      PyDateTime_DELTA_GET_DAYS(offset) * kMicrosPerDay +
      PyDateTime_DELTA_GET_SECONDS(offset) * kMicrosPerSecond +
      PyDateTime_DELTA_GET_MICROSECONDS(offset);
  const auto number = static_cast<long long>(micros);
  return PyRef::Steal(name == nullptr ? Py_BuildValue("(L)", number)
                                      : Py_BuildValue("(LO)", number, name));
}

// An exact int from `low` to `high`.
bool ReadInt(PyObject* field, int64_t low, int64_t high, int64_t& number) {
  if (!PyLong_CheckExact(field)) return false;
  int overflow = 0;
  number = PyLong_AsLongLongAndOverflow(field, &overflow);
  return overflow == 0 && number >= low && number <= high;
}

// Fields 1 and 2 of time and datetime: tzinfo and fold.
bool ReadZone(PyObject* const* fields, std::size_t count, PyObject*& zone,
              int& fold, CodecError& error) {
  zone = count > 1 ? fields[1] : Py_None;
  int64_t number = 0;
  if (count > 2 && !ReadInt(fields[2], 0, 1, number)) {
    return error.Malformed("a fold that is not 0 or 1");
  }
  fold = static_cast<int>(number);
  return true;
}

// `made`, or what its refusal by the module means.
PyObject* Checked(PyObject* made, const char* what, CodecError& error) {
  if (made != nullptr) return made;
  if (PyErr_ExceptionMatches(PyExc_ValueError) ||
      PyErr_ExceptionMatches(PyExc_TypeError) ||
      PyErr_ExceptionMatches(PyExc_OverflowError)) {
    PyErr_Clear();
    error.Malformed(what);
  } else {
    error.Python();
  }
  return nullptr;
}

PyObject* NotA(const char* what, CodecError& error) {
  error.Malformed(what);
  return nullptr;
}

}  // namespace

ExtParts TakeDatetime(PyObject* object) {
  const PyDateTime_CAPI* const api = LoadedApi();
  if (api == nullptr) return TakePythonDatetime(object);
  PyTypeObject* const type = Py_TYPE(object);
  if (type == api->DateTimeType) {
    return {"datetime.datetime", DatetimeFields(object)};
  }
  if (type == api->DateType) return {"datetime.date", DateFields(object)};
  if (type == api->TimeType) return {"datetime.time", TimeFields(object)};
  if (type == api->DeltaType) {
    return {"datetime.timedelta", TimedeltaFields(object)};
  }
  if (type != Py_TYPE(api->TimeZone_UTC)) return {};
  PyRef fields = TimezoneFields(object, *api);
  if (!fields && PyErr_ExceptionMatches(PyExc_TypeError)) {
    PyErr_Clear();
    return {};
  }
  return {"datetime.timezone", std::move(fields)};
}

PyObject* BuildDate(PyObject* const* fields, std::size_t /*count*/,
                    CodecError& error) {
  constexpr const char* kWhat = "not a date such as '2024-05-06'";
  IsoTime time;
  if (!ParseIso(ExactText(fields[0]), IsoForm::kDate, time)) {
    return NotA(kWhat, error);
  }
  const PyDateTime_CAPI* const api = ImportedApi();
  if (api == nullptr) {
    return Checked(CallPythonDatetime(
                       "date", PyRef::Steal(Py_BuildValue(
                                   "(iii)", time.year, time.month, time.day))),
                   kWhat, error);
  }
  return Checked(
      api->Date_FromDate(time.year, time.month, time.day, api->DateType), kWhat,
      error);
}

PyObject* BuildTime(PyObject* const* fields, std::size_t count,
                    CodecError& error) {
  constexpr const char* kWhat = "not a time such as '07:08:09.000010'";
  IsoTime time;
  PyObject* zone = nullptr;
  int fold = 0;
  if (!ReadZone(fields, count, zone, fold, error)) return nullptr;
  if (!ParseIso(ExactText(fields[0]), IsoForm::kTime, time)) {
    return NotA(kWhat, error);
  }
  const PyDateTime_CAPI* const api = ImportedApi();
  if (api == nullptr) {
    PyRef args =
        PyRef::Steal(Py_BuildValue("(iiiiO)", time.hour, time.minute,
                                   time.second, time.microsecond, zone));
    return Checked(CallPythonDatetime("time", std::move(args), fold != 0),
                   kWhat, error);
  }
  return Checked(
      api->Time_FromTimeAndFold(time.hour, time.minute, time.second,
                                time.microsecond, zone, fold, api->TimeType),
      kWhat, error);
}

PyObject* BuildDatetime(PyObject* const* fields, std::size_t count,
                        CodecError& error) {
  constexpr const char* kWhat =
      "not a datetime such as '2024-05-06T07:08:09.000010'";
  IsoTime time;
  PyObject* zone = nullptr;
  int fold = 0;
  if (!ReadZone(fields, count, zone, fold, error)) return nullptr;
  if (!ParseIso(ExactText(fields[0]), IsoForm::kDateTime, time)) {
    return NotA(kWhat, error);
  }
  const PyDateTime_CAPI* const api = ImportedApi();
  if (api == nullptr) {
    PyRef args = PyRef::Steal(
        Py_BuildValue("(iiiiiiiO)", time.year, time.month, time.day, time.hour,
                      time.minute, time.second, time.microsecond, zone));
    return Checked(CallPythonDatetime("datetime", std::move(args), fold != 0),
                   kWhat, error);
  }
  return Checked(
      api->DateTime_FromDateAndTimeAndFold(
          time.year, time.month, time.day, time.hour, time.minute, time.second,
          time.microsecond, zone, fold, api->DateTimeType),
      kWhat, error);
}

PyObject* BuildTimedelta(PyObject* const* fields, std::size_t /*count*/,
                         CodecError& error) {
  int64_t days = 0;
  int64_t seconds = 0;
  int64_t micros = 0;
  if (!ReadInt(fields[0], -kMaxDays, kMaxDays, days) ||
      !ReadInt(fields[1], 0, kSecondsPerDay - 1, seconds) ||
      !ReadInt(fields[2], 0, kMicrosPerSecond - 1, micros)) {
    return NotA(
        "a timedelta whose days, seconds, microseconds are out of range",
        error);
  }
  constexpr const char* kWhat = "a timedelta out of range";
  const PyDateTime_CAPI* const api = ImportedApi();
  if (api == nullptr) {
    return Checked(CallPythonDatetime("timedelta",
                                      PyRef::Steal(PyTuple_Pack(
                                          3, fields[0], fields[1], fields[2]))),
                   kWhat, error);
  }
  return Checked(api->Delta_FromDelta(
                     static_cast<int>(days), static_cast<int>(seconds),
                     static_cast<int>(micros), /*normalize=*/0, api->DeltaType),
                 kWhat, error);
}

PyObject* BuildTimezone(PyObject* const* fields, std::size_t count,
                        CodecError& error) {
  constexpr const char* kWhat =
      "a timezone whose offset is not less than a day of microseconds";
  int64_t micros = 0;
  if (!ReadInt(fields[0], 1 - kMicrosPerDay, kMicrosPerDay - 1, micros)) {
    return NotA(kWhat, error);
  }
  PyObject* const name = count > 1 ? fields[1] : nullptr;
  if (name != nullptr && !PyUnicode_CheckExact(name)) {
    return NotA("a timezone whose name is no str", error);
  }
  const PyDateTime_CAPI* const api = ImportedApi();
  if (api == nullptr) {
    const PyRef offset = PyRef::Steal(CallPythonDatetime(
        "timedelta", PyRef::Steal(Py_BuildValue(
                         "(iiL)", 0, 0, static_cast<long long>(micros)))));
    PyRef args;
    if (offset) {
      args =
          PyRef::Steal(name == nullptr ? PyTuple_Pack(1, offset.get())
                                       : PyTuple_Pack(2, offset.get(), name));
    }
    return Checked(CallPythonDatetime("timezone", std::move(args)), kWhat,
                   error);
  }
  const int days = micros < 0 ? -1 : 0;
  if (days != 0) micros += kMicrosPerDay;
  const PyRef offset = PyRef::Steal(
      api->Delta_FromDelta(days, static_cast<int>(micros / kMicrosPerSecond),
                           static_cast<int>(micros % kMicrosPerSecond),
                           /*normalize=*/0, api->DeltaType));
  if (!offset) return Checked(nullptr, kWhat, error);
  return Checked(api->TimeZone_FromTimeZone(offset.get(), name), kWhat, error);
}

}  // namespace envknit
