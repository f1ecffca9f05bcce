// The tasks that can be named: those that come with the program, and files.
#pragma once

#include "task/task_ref.h"

#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

/// What people are told of a task file.
struct TaskListing {
    std::string name; ///< as it is named: bare for those that come with the program
    std::string title, description;
    TaskRef task; ///< with the file's own number of prompts and seed
};

/// A task by its name or its file: what kind it is of, the file says. "ioi" is the one that suits the model (see
/// usual_task) and has no file. Throws Error where there is no such task, naming those that there are, or where the
/// file is no task file.
TaskRef task_named(const std::string &name_or_file);
/// The same; a .jsonl or .csv file is one of prompt pairs.
TaskRef task_or_pairs(const std::string &name_or_file);
/// The first with its title and description.
TaskListing task_listing(const std::string &name_or_file);
/// Of the tasks that come with the program (resources/tasks), IOI first, then by name; a file that cannot be
/// read is left out.
std::vector<TaskListing> shipped_task_listings();

/// A task in words: "Indirect object identification", or the title in its file, or what kind it is of.
std::string task_title(const TaskRef &task);

/// The task file of a reference of a generated kind: TaskRef::file is the bare name of a shipped one ("ioi-give") or a
/// path; empty is "ioi", the sentences that the demo model has learnt.
std::filesystem::path task_path(const std::string &file);
/// Bare names of the task files that come with the program (resources/tasks).
std::vector<std::string> shipped_tasks();
/// What new prompts for a model are made from, as TaskRef::file. model: "demo" or a folder. A model with the demo
/// model's vocabulary knows the words of its sentences alone; others get "ioi-give", which ends so that they answer
/// with a name.
std::string usual_task(const std::string &model);
/// Whether the model in this folder, or "demo", has the demo model's vocabulary.
bool has_demo_vocabulary(const std::filesystem::path &model);

} // namespace patchbay
