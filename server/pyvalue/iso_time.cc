#include "server/pyvalue/iso_time.h"

#include <cstddef>

namespace envknit {
namespace {

void AppendDigits(std::string& text, int number, int width) {
  const std::size_t start = text.size();
  text.append(static_cast<std::size_t>(width), '0');
  for (std::size_t at = text.size(); at > start && number > 0; number /= 10) {
    text[--at] = static_cast<char>('0' + number % 10);
  }
}

// Takes exactly `width` digits off the front.
bool TakeDigits(std::string_view& text, std::size_t width, int& number) {
  if (text.size() < width) return false;
  number = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return true;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool TakeDate(std::string_view& text, IsoTime& time) {
  return TakeDigits(text, 4, time.year) && Take(text, '-') &&
         TakeDigits(text, 2, time.month) && Take(text, '-') &&
         TakeDigits(text, 2, time.day);
}

bool TakeTime(std::string_view& text, IsoTime& time) {
  if (!TakeDigits(text, 2, time.hour) || !Take(text, ':') ||
      !TakeDigits(text, 2, time.minute) || !Take(text, ':') ||
      !TakeDigits(text, 2, time.second)) {
    return false;
  }
  if (!Take(text, '.')) return true;
  const std::size_t digits = text.size();
  if (digits == 0 || digits > 6 || !TakeDigits(text, digits, time.microsecond))
    return false;
  for (std::size_t i = digits; i < 6; ++i) time.microsecond *= 10;
  return true;
}

}  // namespace

std::string FormatIso(const IsoTime& time, IsoForm form) {
  std::string text;
  text.reserve(26);
  if (form != IsoForm::kTime) {
    AppendDigits(text, time.year, 4);
    text += '-';
    AppendDigits(text, time.month, 2);
    text += '-';
    AppendDigits(text, time.day, 2);
  }
  if (form == IsoForm::kDate) return text;
  if (form == IsoForm::kDateTime) text += 'T';
  AppendDigits(text, time.hour, 2);
  text += ':';
  AppendDigits(text, time.minute, 2);
  text += ':';
  AppendDigits(text, time.second, 2);
  if (time.microsecond != 0) {
    text += '.';
    AppendDigits(text, time.microsecond, 6);
  }
  return text;
}

bool ParseIso(std::string_view text, IsoForm form, IsoTime& time) {
  time = IsoTime();
  if (form != IsoForm::kTime && !TakeDate(text, time)) return false;
  if (form == IsoForm::kDateTime && !Take(text, 'T')) return false;
  if (form != IsoForm::kDate && !TakeTime(text, time)) return false;
  return text.empty();
}

}  // namespace envknit
