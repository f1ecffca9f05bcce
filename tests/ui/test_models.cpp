// Models by name in the window: the list of the cache in the Open menu, and the download dialog against a server that
// behaves like the hub.
#include "docks/model_dock.h"
#include "hub/hub_server.h"
#include "shell/cached_models.h"
#include "shell/download_dialog.h"
#include "shell/message_bar.h"
#include "shell/recent_models.h"
#include "window_fixture.h"

#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>

using namespace patchbay;
namespace fs = std::filesystem;

namespace {

const fs::path kDemo = PATCHBAY_SOURCE_DIR "/resources/demo-model";
const std::string kCommit(40, 'a'), kOther(40, 'b');

QAction *actionOf(const QMenu *menu, const QString &begin)
{
    for (QAction *action : menu->actions())
        if (action->text().startsWith(begin))
            return action;
    return nullptr;
}

} // namespace

class TestModels : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void cleanup() { m_fixture.close(); }

    void theOpenMenuListsTheCache()
    {
        const CacheFolder cache;
        for (const auto &entry : fs::directory_iterator(kDemo))
            cache.add("models--org--demo", kCommit, entry.path().filename().string(), read_file(entry.path()));
        cache.add_ref("models--org--demo", "main", kCommit);
        cache.add_model("models--org--two", kCommit, "tiny-neox");
        cache.add_model("models--org--two", kOther, "tiny-gpt2");
        cache.add_ref("models--org--two", "main", kCommit);
        cache.add_ref("models--org--two", "step1000", kOther);
        cache.add("models--org--bert", kCommit, "config.json", R"({"model_type": "bert"})");
        MainWindow *window = m_fixture.openReady();
        QVERIFY(window);
        auto *open = window->findChild<RecentModels *>();
        auto *cached = window->findChild<CachedModels *>();
        QVERIFY(open->actions().contains(cached->menuAction()));
        Q_EMIT open->aboutToShow();
        QTRY_VERIFY(actionOf(cached, QStringLiteral("org/demo")));

        QAction *demo = actionOf(cached, QStringLiteral("org/demo"));
        QVERIFY(demo->isEnabled());
        QVERIFY2(demo->text().contains(QRegularExpression(QStringLiteral("\t.+ · [\\d.]+ [kM]B$"))),
                 qPrintable(demo->text()));
        const QAction *bert = actionOf(cached, QStringLiteral("org/bert"));
        QVERIFY(!bert->isEnabled());
        QVERIFY(bert->text().contains(QStringLiteral("cannot be opened: config.json: the model type \"bert\"")));
        QVERIFY(bert->toolTip().contains(QStringLiteral("predicts no next token")));
        const QMenu *two = actionOf(cached, QStringLiteral("org/two   2 revisions"))->menu();
        QVERIFY(two);
        QVERIFY(two->actions().at(0)->text().startsWith(QStringLiteral("main\tGPT-NeoX · ")));
        QVERIFY(two->actions().at(1)->text().startsWith(QStringLiteral("step1000\tGPT-2 · ")));

        demo->trigger();
        QTRY_COMPARE(window->explorer().document.setup()->model_ref.path, std::string("org/demo"));
        QCOMPARE(window->explorer().document.setup()->model_ref.commit, kCommit);
        QCOMPARE(open->folders().first(), QStringLiteral("org/demo"));
        Q_EMIT open->aboutToShow();
        QAction *recent = actionOf(open, QStringLiteral("demo    Hugging Face cache"));
        QVERIFY(recent && recent->isEnabled());
    }

    void aDownloadSaysItsSizeStopsGoesOnAndOpens()
    {
        if (!HubServer::available())
            QSKIP("python3 is not installed");
        HubServer hub;
        const CacheFolder cache;
        MainWindow *window = m_fixture.openReady();
        QVERIFY(window);
        window->actions().downloadModel->trigger();
        auto *dialog = window->findChild<DownloadDialog *>();
        auto *name = dialog->findChild<QLineEdit *>();
        QPushButton *go = nullptr, *cancel = nullptr;
        for (auto *button : dialog->findChildren<QPushButton *>())
            (button->property("primary").toBool() ? go : cancel) = button;
        auto *bar = dialog->findChild<QProgressBar *>();
        QVERIFY(!go->isEnabled());

        name->setText(QStringLiteral("org/"));
        go->click();
        QVERIFY(dialog->text().contains(QStringLiteral("no model's name")));
        name->setText(QStringLiteral("org/nothing"));
        QCOMPARE(hub.say("count"), QStringLiteral("0")); // nobody is asked while a name is typed
        go->click();
        QTRY_VERIFY2(dialog->text().contains(QStringLiteral("does not exist at")), qPrintable(dialog->text()));

        name->setText(QStringLiteral("org/demo"));
        QVERIFY(dialog->text().isEmpty());
        go->click();
        QTRY_VERIFY2(go->text().startsWith(QStringLiteral("Download ")), qPrintable(dialog->text()));
        QVERIFY(dialog->text().contains(QStringLiteral("4 files, ")));
        QVERIFY(!fs::exists(cache.path()));

        // Half of the weights come. The window works meanwhile, and so does a sweep.
        hub.say("hold model.safetensors 20000");
        go->click();
        QTRY_VERIFY(bar->isVisible() && bar->value() > 0);
        m_fixture.chooseSites({Site::Z});
        window->actions().run->trigger();
        QTRY_VERIFY(m_fixture.idle());
        QVERIFY(bar->isVisible());
        cancel->click();
        QTRY_VERIFY2(dialog->text().contains(QStringLiteral("What has arrived is kept")), qPrintable(dialog->text()));
        QVERIFY(dialog->isVisible());

        hub.say("go");
        go->click();
        QTRY_VERIFY2(go->text().startsWith(QStringLiteral("Download ")), qPrintable(dialog->text()));
        QVERIFY2(dialog->text().contains(QStringLiteral("of it is in the cache already")), qPrintable(dialog->text()));
        go->click();
        QTRY_VERIFY(!dialog->isVisible());
        QTRY_COMPARE(window->explorer().document.setup()->model_ref.path, std::string("org/demo"));
        QVERIFY(!window->explorer().document.setup()->baseline.clean.empty());

        // A second time there is nothing to fetch.
        window->actions().downloadModel->trigger();
        name->setText(QStringLiteral("org/demo"));
        go->click();
        QTRY_COMPARE(go->text(), QStringLiteral("Open"));
    }

    void aDownloadThatRunsIsCutOffWithTheWindow()
    {
        if (!HubServer::available())
            QSKIP("python3 is not installed");
        HubServer hub;
        const CacheFolder cache;
        hub.say("hold model.safetensors 20000");
        MainWindow *window = m_fixture.openReady();
        QVERIFY(window);
        window->actions().downloadModel->trigger();
        auto *dialog = window->findChild<DownloadDialog *>();
        dialog->findChild<QLineEdit *>()->setText(QStringLiteral("org/demo"));
        QPushButton *go = nullptr;
        for (auto *button : dialog->findChildren<QPushButton *>())
            if (button->property("primary").toBool())
                go = button;
        go->click();
        QTRY_VERIFY(go->text().startsWith(QStringLiteral("Download ")));
        go->click();
        QTRY_VERIFY(dialog->findChild<QProgressBar *>()->value() > 0);
        m_fixture.close();
        QVERIFY(!fs::exists(cache.model("models--org--demo") / "refs"));
        hub.say("go");
    }

private:
    WindowFixture m_fixture;
};

QTEST_MAIN(TestModels)
#include "test_models.moc"
