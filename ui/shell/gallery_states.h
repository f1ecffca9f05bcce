// States of the whole window that the gallery takes pictures of: sizes of a first start, tasks, ranges.
#pragma once

#include "shell/steps.h"

#include <QString>

#include <functional>

namespace patchbay {

class MainWindow;

using TakePicture = std::function<void(const QString &name)>;

/// Waits for what the charts refresh a moment after a run's end.
Step moment();
/// A window without runs on screens of several sizes; at twice the scale the last is 3840 × 2160.
std::vector<Step> firstStarts(MainWindow &window, const TakePicture &picture);
/// One's own prompts beside the task from before, both with runs, and back to the first.
std::vector<Step> bothTasks(MainWindow &window, const TakePicture &picture);
/// A prompt of the task that is tried, alone and with a counterpart of another length.
std::vector<Step> triedPrompt(MainWindow &window, const TakePicture &picture);
/// The demo model's own training as a series: every look of its dock, and the scrubber on an early step.
std::vector<Step> trainingSeries(MainWindow &window, const TakePicture &picture);
/// The circuit of edges: its graph with a clicked head, its matrix, its curve.
std::vector<Step> edgesOfModel(MainWindow &window, const TakePicture &picture);
/// A range of colours that is locked across runs.
std::vector<Step> lockedRange(MainWindow &window, const TakePicture &picture);

} // namespace patchbay
