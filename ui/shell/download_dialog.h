// Fetching a model of the Hugging Face hub: a name, then its size, then the download, then it is opened. The hub is
// asked for something only when a button is pressed.
#pragma once

#include "backend/backend.h"

#include <QDialog>

class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;

namespace patchbay {

/// The host that is asked for models, and that it is not before a button is pressed; or why there is none.
QString hubPromise();

class DownloadDialog : public QDialog {
    Q_OBJECT
public:
    explicit DownloadDialog(Backend &backend, QWidget *parent = nullptr);
    /// What it says about the model and the download.
    QString text() const;

public Q_SLOTS:
    /// Stops what is on its way; what has arrived stays.
    void reject() override;

Q_SIGNALS:
    /// NAME or NAME@REVISION, whose files are there now, or the folder where they are.
    void ready(const QString &model);

private:
    enum class Stage { Name, Asking, Planned, Fetching };
    void setStage(Stage stage);
    void press();
    void ask();
    void fetch();
    void describe();
    void fail(const Failure &failure);
    void say(const QString &text, bool problem = false);

    Backend &m_backend;
    QLineEdit *m_name;
    QLabel *m_text;
    QProgressBar *m_bar;
    QPushButton *m_go, *m_cancel;
    Stage m_stage = Stage::Name;
    DownloadPlanPtr m_plan;
    JobId m_job = 0;
};

} // namespace patchbay
