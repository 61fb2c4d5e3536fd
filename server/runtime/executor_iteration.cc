#include <chrono>
#include <utility>

#include "server/pyvalue/handle_message.h"
#include "server/runtime/executor.h"
#include "server/runtime/fork_guard.h"
#include "server/runtime/raised_exception.h"
#include "server/runtime/runtime_schema.h"

// How Executor takes items from iterators. What was taken is never lost to a
// limit: an item that has no room by value becomes a handle.
namespace envknit {
namespace {

namespace field = schema::next_response;

// The next item; empty at the end, with an exception unless it ended by itself
// and returned nothing.
PyRef TakeOne(PyObject* iterator) {
  return PyRef::Steal(Py_TYPE(iterator)->tp_iternext(iterator));
}

// What stopped the iterator: an exception, or, when that is StopIteration, the
// value it carries.
struct IteratorEnd {
  PyRef raised;
  PyRef return_value;
};

IteratorEnd TakeEnd() {
  IteratorEnd end;
  if (PyErr_Occurred() == nullptr) return end;
  const bool stopped = PyErr_ExceptionMatches(PyExc_StopIteration) != 0;
  end.raised = TakeRaisedException();
  if (stopped && end.raised) {
    const PyRef stop = std::move(end.raised);
    // The field itself: the attribute may be overridden in a subclass.
    PyObject* const value =
        reinterpret_cast<PyStopIterationObject*>(stop.get())->value;
    if (value != Py_None) end.return_value = PyRef::Borrow(value);
  }
  return end;
}

}  // namespace

Executor::Outcome Executor::Next(std::string_view payload, ByteWriter& out) {
  NextRequestView request;
  if (Outcome failure = ParseNextRequest(payload, request)) return failure;
  CodecError error;
  PyRef iterator = resolver_.Resolve(request.target, error, HandleUse::kRun);
  if (iterator && request.begin) {
    iterator = PyRef::Steal(PyObject_GetIter(iterator.get()));
    if (!iterator) error.Python();
  } else if (iterator && PyIter_Check(iterator.get()) == 0) {
    PyErr_Format(PyExc_TypeError, "'%.200s' object is not an iterator",
                 Py_TYPE(iterator.get())->tp_name);
    iterator = {};
    error.Python();
  }
  if (IsForkedChild()) EndForkedChild();
  if (!iterator) return Refuse(error, out);

  // The first handle of the reply, should there be a next request for it.
  HandleFields handle;
  if (request.begin && objects_.Encode(iterator.get(), handle, error) !=
                           HandleEncoder::Answer::kHandle) {
    return Refuse(error, out);
  }
  ItemListWriter items(encoder_, out, field::kItems);
  const bool ended = !TakeItems(iterator.get(), request, items, out);
  if (IsForkedChild()) EndForkedChild();
  IteratorEnd end = TakeEnd();
  if ((items.count() != 0 || !end.raised) && !items.Close(error)) {
    out.Clear();
    return Refuse(error, out);
  }
  if (ended && request.begin) objects_.TakeFirstBack();
  more_ = !ended;
  if (more_ && request.begin) WriteHandle(out, field::kIterator, handle);
  if (ended && !end.raised) out.VarintField(field::kDone, 1);
  if (end.return_value && !encoder_.EncodeAuto(out, field::kReturnValue,
                                               end.return_value.get(), error)) {
    out.Clear();
    return Refuse(error, out);
  }
  const std::size_t mark = out.Open(field::kOutcome);
  if (end.raised) WriteEnd(end.raised.get(), out);
  types_.WriteDue(out, session_, IsAwaited());
  out.Close(mark);
  return std::nullopt;
}

bool Executor::TakeItems(PyObject* iterator, const NextRequestView& request,
                         ItemListWriter& items, ByteWriter& out) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  while (true) {
    const PyRef item = TakeOne(iterator);
    if (!item) return false;
    if (!AddItem(item.get(), items, out)) return false;
    if (items.count() >= request.max_items ||
        items.bytes() >= request.max_bytes || !items.has_room() ||
        out.size() + items.unwritten_bytes() + types_.due_bytes() >=
            limits_.auto_bytes) {
      return true;
    }
    if (request.max_time && Clock::now() - start >= *request.max_time) {
      return true;
    }
    // An iterator in C may look at no signal.
    if (PyErr_CheckSignals() != 0) return false;
  }
}

bool Executor::AddItem(PyObject* item, ItemListWriter& items, ByteWriter& out) {
  const uint64_t first_handle = objects_.next_id();
  const std::size_t due = types_.due_count();
  CodecError error;
  bool added = items.Add(item, error);
  if (added && objects_.next_id() != first_handle &&
      out.size() + types_.due_bytes() > limits_.auto_bytes) {
    // A tuple whose handles are more than the message can have.
    objects_.TakeBackFrom(first_handle).clear();
    types_.ForgetDue(due);
    added = items.ReplaceLastByHandle(item, error);
  }
  if (!added) RaiseCodecError(error);
  return added;
}

void Executor::WriteEnd(PyObject* raised, ByteWriter& out) {
  interrupted_ =
      PyErr_GivenExceptionMatches(raised, PyExc_KeyboardInterrupt) != 0;
  const std::size_t start = out.size();
  exceptions_.Write(out, schema::outcome::kException, raised);
  if (out.size() + types_.due_bytes() <= limits_.message_bytes) return;
  out.Truncate(start);
  PyErr_Format(PyExc_RuntimeError,
               "%.200s was raised, which is too large for a message together "
               "with the items before it",
               Py_TYPE(raised)->tp_name);
  const PyRef instead = TakeRaisedException();
  if (instead) {
    exceptions_.Write(out, schema::outcome::kException, instead.get());
  }
}

}  // namespace envknit
