// From what is on screen to the export dialog.
#pragma once

#include "export/figure_subject.h"

namespace patchbay {

class MainWindow;

/// The view that has the keyboard, or had it last: what "Export figure" means. The heatmap unless told otherwise.
FigureView activeView(const MainWindow &window);

/// The view as it is shown, with the run it came from; nothing when it is empty.
std::optional<FigureSubject> shownSubject(MainWindow &window, FigureView view);

/// Opens the dialog for a view. Says so in the message bar when there is nothing to export.
void openExportDialog(MainWindow &window, FigureView view);

} // namespace patchbay
