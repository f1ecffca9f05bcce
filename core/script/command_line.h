// A run as the command that does it again: what a history shows and a terminal takes.
#pragma once

#include "spec/run_spec.h"

#include <string>

namespace patchbay {

/// "patchbay-cli act-patch --model demo --sites z,q": only what is not as the command line begins anyway. What options
/// cannot say (prompts that were edited, parameters that are lists of rows) is a spec in JSON behind `run -`. Quoted
/// for a POSIX shell.
std::string command_line(const RunSpec &spec);
/// "patchbay-cli baseline …": the model and the task alone.
std::string baseline_command(const ModelRef &model, const TaskRef &task);

/// A word as a POSIX shell reads it.
std::string shell_word(const std::string &text);

} // namespace patchbay
