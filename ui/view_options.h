// The choices that a view offers, such as how many bars: a project keeps them, whoever made them.
#pragma once

#include <QObject>
#include <QString>

#include <nlohmann/json.hpp>

#include <functional>

namespace patchbay {

/// Marks a control (a combo box, spin box, slider, checkable button or action) as one of a view's options, under a name
/// such as "bars.count".
void keepOption(QObject *control, const char *name);

/// The marked controls below a window, {name: value}.
nlohmann::json optionsOf(const QObject &window);
/// As if the user had chosen them. Values that do not fit are left out; a choice that a list does not offer yet is put
/// into it, for the view to keep when it fills the list.
void setOptions(QObject &window, const nlohmann::json &options);
/// Called after each change of a marked control below a window, also by the program.
void onOptionChanged(QObject &window, const std::function<void()> &call);

} // namespace patchbay
