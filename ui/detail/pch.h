// The precompiled header of ui: Qt's widgets and JSON cost seconds a file without it.
#pragma once

#include <QtWidgets>

#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <vector>
