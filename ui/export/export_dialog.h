// The export dialog: choices on the left, the figure as it will be printed on the right.
#pragma once

#include "export/export_files.h"

#include <QDialog>

#include <functional>

QT_BEGIN_NAMESPACE
class QCheckBox;
class QDialogButtonBox;
class QLabel;
class QListWidget;
class QPushButton;
QT_END_NAMESPACE

namespace patchbay {

class FigureOptions;
class FigurePreview;

class ExportDialog : public QDialog {
    Q_OBJECT
public:
    /// subject: the view to export. pinned: runs that can stand beside it as panels, or be exported all at once.
    /// beside: what always stands beside it.
    ExportDialog(FigureSubject subject, std::vector<RunResultPtr> pinned, std::vector<FigureSubject> beside,
                 QWidget *parent = nullptr);
    ExportDialog(FigureSubject subject, std::vector<RunResultPtr> pinned, QWidget *parent = nullptr)
        : ExportDialog(std::move(subject), std::move(pinned), {}, parent)
    {
    }
    ~ExportDialog() override;

    FigureOptions &options() { return *m_options; }
    /// What Save writes now.
    widgets::FigureSheet sheet() const;
    std::vector<FigureSubject> subjects() const;

    /// Writes in the background; finished() tells how it went. The button asks for the name first.
    void saveTo(const QString &path);
    /// All pinned runs into a folder, as this kind of figure, with these choices.
    void saveAllTo(const QString &folder, const QString &type);
    /// PNG, SVG and PDF at once, drawn in the background: the program that pastes takes what it likes best.
    void copyToClipboard();

Q_SIGNALS:
    void exported(const QStringList &files);
    void copied();
    void failed(const QString &message);

private:
    void refresh();
    void save();
    void saveAll();
    /// Runs on a pool thread and returns a message ("": fine) with the files it wrote.
    using Work = std::function<std::pair<QString, QStringList>()>;
    /// then is called on the dialog's thread when all went well; without one the files are told.
    void inBackground(const Work &work, const std::function<void()> &then = {});
    void setBusy(bool busy);
    FigureView runView() const;
    void finish(const QString &message, const QStringList &files);

    FigureSubject m_subject;
    std::vector<RunResultPtr> m_pinned;
    std::vector<FigureSubject> m_beside;
    FigureOptions *m_options;
    FigurePreview *m_preview;
    QListWidget *m_panels = nullptr;
    QCheckBox *m_numbers;
    QLabel *m_size, *m_message;
    QPushButton *m_save, *m_all, *m_copy;
};

} // namespace patchbay
