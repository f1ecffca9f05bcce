// The program's look: palettes for light and dark that follow the system, and the spacing of its furniture.
#pragma once

#include <QObject>

class QApplication;
class QPalette;

namespace patchbay {

enum class ThemeMode { System, Light, Dark };

QPalette lightPalette();
QPalette darkPalette();

/// Fusion style with the palette of the mode, and the style sheet that goes with it. System: the desktop's own choice.
void applyTheme(ThemeMode mode);
ThemeMode themeMode();
/// Kept between starts.
ThemeMode savedThemeMode();
void saveThemeMode(ThemeMode mode);

/// Watches the desktop's light / dark setting (freedesktop portal) while the mode is System.
void followSystemTheme(QObject *parent);

} // namespace patchbay
