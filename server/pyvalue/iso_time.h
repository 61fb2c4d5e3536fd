#ifndef ENVKNIT_SERVER_PYVALUE_ISO_TIME_H_
#define ENVKNIT_SERVER_PYVALUE_ISO_TIME_H_

#include <string>
#include <string_view>

namespace envknit {

// Date and time of day as ISO 8601 writes them: "2024-05-06", "07:08:09" or
// "07:08:09.000010", and both with a "T" between them. No offset from UTC.
// Ranges (months of 13) are the business of whoever uses the numbers.
struct IsoTime {
  int year = 1;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int microsecond = 0;
};

enum class IsoForm { kDate, kTime, kDateTime };

// A fraction of a second is written only if there is one, with six digits.
std::string FormatIso(const IsoTime& time, IsoForm form);

// A fraction may have one to six digits. False: `text` is not of that form.
bool ParseIso(std::string_view text, IsoForm form, IsoTime& time);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_ISO_TIME_H_
