// Where projects lie and what they are called.
#pragma once

#include "model/model_ref.h"

#include <QString>

namespace patchbay {

/// A file for a project that nobody has named yet, in the program's own folder: one that is not there, or one in which
/// nothing was done and that no window has open.
QString untitledProject();
bool isUntitled(const QString &file);
/// The folder that a dialog begins in: the project's, unless it is the program's own.
QString projectFolder(const QString &file);
/// "names-of-movers"; "Untitled 2".
QString projectTitle(const QString &file);
/// With what SQLite keeps beside it. Why it cannot be done; empty where it is gone, or was not there.
QString removeProject(const QString &file);

/// Where a project's model is now: where it was, beside the project, or a model opened before with the same name and
/// another place; where none is there, where it was.
QString foundModel(const ModelRef &model, const QString &project);

} // namespace patchbay
