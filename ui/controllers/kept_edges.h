// Circuits of edges kept by name, from one start to the next: files in the JSON of EAP-IG and MIB, a folder a model.
#pragma once

#include "controllers/edges_controller.h"

namespace patchbay {

/// Of a model with these weights, by name. Files that are none of its circuits are left out.
QVector<KeptEdges> keptEdges(const Setup &setup);
/// Writes one, or replaces that of the same name. Throws Error.
void keepEdges(const Setup &setup, const QString &name, const EdgeNumbers &numbers, const EdgeMask &kept);
void forgetEdges(const Setup &setup, const QString &name);
/// As a project keeps it: the file's JSON; null where there is none. Throws Error.
nlohmann::json keptEdgesJson(const Setup &setup, const QString &name);
/// One that a project brings; false where there is one of this name. Throws Error where it is not of this model.
bool adoptEdges(const Setup &setup, const QString &name, const nlohmann::json &edges);
/// Where they lie.
QString keptEdgesFolder(const Setup &setup);

} // namespace patchbay
