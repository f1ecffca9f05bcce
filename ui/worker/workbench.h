// What the compute thread owns: nobody else touches it.
#pragma once

#include "analysis/recipe.h"
#include "patching/session.h"

#include <memory>

namespace patchbay {

struct Workbench {
    std::shared_ptr<const Model> model;
    std::unique_ptr<Session> session; ///< null until a model and a task are there
    std::unique_ptr<RecipeRun> recipe; ///< over session; goes before it
};

} // namespace patchbay
