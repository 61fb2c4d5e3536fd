#include <Python.h>

#include "server/runtime/host.h"
#include "server/runtime/worker.h"

// The extension module envknit_runtime, for worker_main.py. It is loaded in the
// main interpreter alone.
namespace {

PyObject* Run(PyObject*, PyObject* args) {
  envknit::WorkerArguments arguments;
  const char* runtime_dir = nullptr;
  if (PyArg_ParseTuple(args, "iiis", &arguments.call_fd, &arguments.control_fd,
                       &arguments.status_fd, &runtime_dir) == 0) {
    return nullptr;
  }
  arguments.runtime_dir = runtime_dir;
  envknit::RunWorker(arguments);
}

PyObject* RunHost(PyObject*, PyObject* args) {
  envknit::HostArguments arguments;
  const char* runtime_dir = nullptr;
  if (PyArg_ParseTuple(args, "iis", &arguments.descriptor_fd,
                       &arguments.control_fd, &runtime_dir) == 0) {
    return nullptr;
  }
  arguments.runtime_dir = runtime_dir;
  envknit::RunHost(arguments);
}

PyMethodDef methods[] = {
    {"run", &Run, METH_VARARGS,
     "run(call_fd, control_fd, status_fd, runtime_dir)\n\n"
     "Serves calls until the daemon ends this process; does not return."},
    {"run_host", &RunHost, METH_VARARGS,
     "run_host(descriptor_fd, control_fd, runtime_dir)\n\n"
     "Hosts interpreters until the daemon ends this process; does not return."},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef module = {PyModuleDef_HEAD_INIT,
                      "envknit_runtime",
                      "What runs inside a worker of envknitd.",
                      -1,
                      methods,
                      nullptr,
                      nullptr,
                      nullptr,
                      nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_envknit_runtime() { return PyModule_Create(&module); }
