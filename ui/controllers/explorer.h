// Everything behind the window: the compute thread and the controllers, wired to each other.
#pragma once

#include "controllers/attention_controller.h"
#include "controllers/contribution_controller.h"
#include "controllers/document.h"
#include "controllers/head_roles.h"
#include "controllers/navigation.h"
#include "controllers/path_controller.h"
#include "controllers/recipe_controller.h"
#include "controllers/run_controller.h"
#include "controllers/runs_store.h"
#include "worker/compute.h"

namespace patchbay {

struct Explorer {
    Compute compute;
    Document document{compute};
    Navigation navigation;
    RunsStore runs;
    RunController runner{compute, document, runs, navigation};
    AttentionController attention{compute, document, navigation, runs};
    ContributionController contribution{compute, document, navigation};
    PathController paths{navigation, runner, runs, document};
    RecipeController recipe{compute, document, navigation, runs};
    HeadRoles roles{document, navigation, runs, recipe};
};

} // namespace patchbay
