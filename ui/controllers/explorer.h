// Everything behind the window: the backend and the controllers, wired to each other.
#pragma once

#include "backend/embedded_backend.h"
#include "controllers/attention_controller.h"
#include "controllers/contribution_controller.h"
#include "controllers/document.h"
#include "controllers/edges_controller.h"
#include "controllers/head_roles.h"
#include "controllers/navigation.h"
#include "controllers/path_controller.h"
#include "controllers/project_controller.h"
#include "controllers/recipe_controller.h"
#include "controllers/recipe_report.h"
#include "controllers/run_controller.h"
#include "controllers/runs_store.h"
#include "controllers/series_controller.h"
#include "controllers/try_controller.h"

namespace patchbay {

struct Explorer {
    EmbeddedBackend backend;
    Document document{backend};
    Navigation navigation;
    RunsStore runs;
    RunController runner{backend, document, runs, navigation};
    ProjectController project{document, runs, navigation, runner};
    AttentionController attention{backend, document, navigation, runs};
    TryController trying{backend, document, navigation, attention};
    ContributionController contribution{backend, document, navigation};
    PathController paths{navigation, runner, runs, document};
    RecipeController recipe{backend, document, navigation, runs};
    RecipeReport report{backend, recipe};
    SeriesController series{backend, runs, navigation};
    EdgesController edges{backend, document, runs, navigation, runner};
    HeadRoles roles{document, navigation, runs, recipe};
};

} // namespace patchbay
