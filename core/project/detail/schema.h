// The tables of a project file, version by version.
#pragma once

#include "project/detail/database.h"

namespace patchbay::detail {

/// In the file's header, so that `file` and others know what it is: "Ptbq".
inline constexpr int64_t project_application_id = 0x50746271;
/// What this program writes.
int newest_schema();
/// 0 for a file that is no project.
int schema_of(const Database &database);
/// Makes the tables of this version in an empty database, as the program of that version did.
void make_schema(const Database &database, int version);
/// Brings a project of an older version to the newest, all of it or nothing.
void migrate(const Database &database);

} // namespace patchbay::detail
