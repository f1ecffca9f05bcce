// Pickles are data here: what would run code is refused, and damaged ones end in an error, whatever the damage.
#include "base/error.h"
#include "io/zip_archive.h"
#include "model/detail/pickle.h"

#include <QTest>

using namespace patchbay;

class TestPickle : public QObject {
    Q_OBJECT

    static std::string error_of(const std::string &bytes)
    {
        try {
            const Pickle pickle(bytes, "file.bin");
        } catch (const Error &error) {
            return error.what();
        }
        return {};
    }
    static std::string real()
    {
        const ZipArchive archive(PATCHBAY_SOURCE_DIR "/tests/data/tiny-gpt2/pytorch_model.bin");
        for (const auto &entry : archive.entries())
            if (entry.name.ends_with("data.pkl"))
                return archive.read(entry);
        return {};
    }

private Q_SLOTS:
    void reads_a_state_dict()
    {
        const std::string bytes = real();
        const Pickle pickle(bytes, "file.bin");
        QCOMPARE(pickle.root().kind, PickleValue::Kind::Dict);
        QCOMPARE(pickle.value(pickle.root().items[0]).text, std::string("wte.weight"));
        const PickleValue &tensor = pickle.value(pickle.root().items[1]);
        QCOMPARE(tensor.kind, PickleValue::Kind::Tensor);
        QCOMPARE(pickle.value(pickle.value(tensor.items[1]).items[0]).number, 23);
    }

    void runs_nothing()
    {
        using namespace std::string_literals;
        QCOMPARE(error_of("\x80\x02"
                          "cposix\nsystem\nX\x02\0\0\0ls\x85R."s),
                 std::string("file.bin: its pickle would call posix.system; only tensors are read, nothing is run. "
                             "Save the state dict alone, or as safetensors"));
        QVERIFY(error_of("\x80\x04\x8c\x08"
                         "builtins\x8c\x04"
                         "eval\x93\x8c\x01x\x85R."s)
                    .find("would call builtins.eval")
                != std::string::npos);
        QVERIFY(error_of("\x80\x02"
                         "cposix\nsystem\nX\x02\0\0\0ls\x85\x81."s)
                    .find("would call posix.system")
                != std::string::npos);
        QVERIFY(error_of("\x80\x02I1\n."s).find("instruction 0x49") != std::string::npos);
        QVERIFY(error_of("\x80\x02(iposix\nsystem\n."s).find("instruction 0x69") != std::string::npos);
    }

    void reads_numbers_of_every_kind()
    {
        using namespace std::string_literals;
        const std::string bytes =
            "\x80\x02(K\xffM\xff\xffJ\xfe\xff\xff\xff\x8a\x01\x80\x8a\x03\0\0\x01\x8a\x00G\x3f\xf8\0\0\0\0\0\0\x88Nt."s;
        const Pickle pickle(bytes, "file.bin");
        const auto &items = pickle.root().items;
        const int64_t expected[] = {255, 65535, -2, -128, 65536, 0};
        for (size_t i = 0; i < 6; ++i)
            QCOMPARE(pickle.value(items[i]).number, expected[i]);
        QCOMPARE(pickle.value(items[6]).real, 1.5);
        QCOMPARE(pickle.value(items[7]).number, int64_t(1));
        QCOMPARE(pickle.value(items[8]).kind, PickleValue::Kind::None);
    }

    void every_truncation_is_an_error()
    {
        const std::string bytes = real();
        QVERIFY(bytes.size() > 1000);
        for (size_t size = 0; size < bytes.size(); ++size)
            QVERIFY2(!error_of(bytes.substr(0, size)).empty(), qPrintable(QString::number(size)));
    }

    // Whether a changed byte still makes a pickle does not matter; that reading it ends does (sanitizers watch this
    // one).
    void every_changed_byte_ends()
    {
        const std::string bytes = real();
        int errors = 0;
        for (size_t at = 0; at < bytes.size(); ++at)
            for (const unsigned char change : {0x01, 0x80, 0xff}) {
                std::string changed = bytes;
                changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ change);
                errors += !error_of(changed).empty();
            }
        QVERIFY(errors > 100);
    }
};

QTEST_GUILESS_MAIN(TestPickle)
#include "test_pickle.moc"
