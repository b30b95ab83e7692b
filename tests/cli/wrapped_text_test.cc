// Text for people in 80 columns.
#include "cli/wrapped_text.h"

#include <gtest/gtest.h>

#include <string>

namespace volante {
namespace {

TEST(Wrapped, LinesEndBetweenWords) {
  const std::string word(39, 'a');
  EXPECT_EQ(Wrapped(word + " " + word + " b", 0, 2), word + " " + word + "\n  b");
  EXPECT_EQ(Wrapped(word + " " + word, 3, 2), word + "\n  " + word);
  EXPECT_EQ(Wrapped("two  words", 0, 0), "two words");
  EXPECT_EQ(Wrapped("", 5, 5), "");
}

TEST(Wrapped, AWordThatIsTooLongIsNotCut) {
  const std::string word(100, 'a');
  EXPECT_EQ(Wrapped(word, 4, 4), word);
  EXPECT_EQ(Wrapped("b " + word + " c", 4, 4), "b\n    " + word + "\n    c");
}

TEST(WrappedHelp, DescriptionsStayInTheirColumn) {
  const std::string column(30, ' '), many = "one two three four five six seven eight nine ten";
  const std::string name = "  --key TEXT                  ";
  EXPECT_EQ(WrappedHelp(name + many + " eleven\n"), name + many + "\n" + column + "eleven\n");
  EXPECT_EQ(WrappedHelp(column + many + " eleven\n\nUsage: it\n"),
            column + many + "\n" + column + "eleven\n\nUsage: it\n");
  // A name that reaches into the descriptions' column stands alone in its line.
  const std::string long_name = "  --key TEXT:{" + std::string(60, 'a') + "} Excludes: --other";
  EXPECT_EQ(WrappedHelp(long_name + "\n"),
            "  --key TEXT:{" + std::string(60, 'a') + "}\n      Excludes: --other\n");
}

TEST(FirstParagraph, IsThatOfTheOpeningComment) {
  EXPECT_EQ(FirstParagraph("# One thing, as\n# it was.\nkey: 1\n# late\n"),
            "One thing, as it was.");
  EXPECT_EQ(FirstParagraph("# A paragraph\n#\n# Another.\n"), "A paragraph");
  EXPECT_EQ(FirstParagraph("key: 1\n# late\n"), "");
}

}  // namespace
}  // namespace volante
