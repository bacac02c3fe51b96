//! Pages as they come.

use super::*;

const URL: &str = "https://a.example/dir/page";

fn read(html: &str, mode: Mode) -> Page {
    Page::read(html, Kind::Html, URL, mode, true)
}

/// An article with everything around it that pages have.
fn article() -> String {
    let paragraph = "<p>The sea is wide, and whoever looks at it for long enough sees that it is never the same twice, \
        neither in colour nor in sound, and that the birds above it know more of the weather than most of us do.</p>";
    format!(
        "<!doctype html><html><head><title>The sea | Example</title><style>p {{ color: red }}</style>\
         <script>track('x')</script></head><body>\
         <nav><ul><li><a href=\"/\">Home</a></li><li><a href=\"/shop\">Shop</a></li></ul></nav>\
         <main><article><h1>The sea</h1>{p}{p}<h2>Tides</h2>{p}\
         <ul><li>ebb</li><li>flood</li></ul><pre><code>let x = 1;\n  y</code></pre>\
         <p>More stands <a href=\"../more?x=1\">over there</a>, and <b>this</b> matters, for a reason that one has to \
         know before one goes out, because the tide comes in faster than a person walks.</p>\
         <table><tr><th>Port</th><th>Height</th></tr><tr><td>Brest</td><td>7 m</td></tr></table>{p}</article></main>\
         <footer>All rights reserved</footer></body></html>",
        p = paragraph
    )
}

#[test]
fn the_main_part_is_kept_with_its_structure_and_the_rest_is_not() {
    let page = read(&article(), Mode::Markdown);
    assert_eq!(page.extractor, "readability");
    assert!(
        page.title
            .as_deref()
            .is_some_and(|title| title.starts_with("The sea")),
        "{:?}",
        page.title
    );
    let text = &page.text;
    for kept in [
        "## Tides",
        "- ebb\n- flood",
        "[over there](https://a.example/more?x=1)",
        "**this**",
        "let x = 1;\n  y",
        "| Brest | 7 m |",
        "The sea is wide",
    ] {
        assert!(text.contains(kept), "{kept} is not in\n{text}");
    }
    for dropped in ["track(", "color: red", "Shop", "All rights reserved"] {
        assert!(!text.contains(dropped), "{dropped} is in\n{text}");
    }
}

#[test]
fn text_has_no_marks_and_no_addresses() {
    let page = read(&article(), Mode::Text);
    assert!(
        page.text.contains("over there") && page.text.contains("ebb"),
        "{}",
        page.text
    );
    for mark in ["](", "**", "## ", "https://", "<"] {
        assert!(!page.text.contains(mark), "{mark} is in\n{}", page.text);
    }
}

#[test]
fn a_page_that_is_no_article_is_given_whole_without_what_is_for_browsers() {
    let html = "<title> List\n of things </title><nav>menu</nav><h1>Things</h1><ul><li><a href=\"https://b.example/\">one</a>\
        <li>two</ul><script>x</script><footer>foot</footer>";
    let page = read(html, Mode::Markdown);
    assert_eq!(
        (page.extractor, page.title.as_deref()),
        ("raw-html", Some("List of things"))
    );
    assert!(
        page.text.contains("# Things") && page.text.contains("[one](https://b.example/)"),
        "{}",
        page.text
    );
    for dropped in ["menu", "foot", "<script"] {
        assert!(!page.text.contains(dropped), "{}", page.text);
    }
}

#[test]
fn an_operator_can_ask_for_whole_pages() {
    let page = Page::read(&article(), Kind::Html, URL, Mode::Markdown, false);
    assert_eq!(page.extractor, "raw-html");
    assert!(page.text.contains("# The sea"));
}

#[test]
fn json_is_indented_and_text_stays_what_it_is() {
    let json = Page::read("{\"a\":[1]}", Kind::Json, URL, Mode::Markdown, true);
    assert_eq!(
        (json.extractor, json.text.as_str()),
        ("json", "{\n  \"a\": [\n    1\n  ]\n}")
    );
    let broken = Page::read("{\"a\":", Kind::Json, URL, Mode::Markdown, true);
    assert_eq!((broken.extractor, broken.text.as_str()), ("raw", "{\"a\":"));
    let text = Page::read(" <b>a</b>\n\n\n  b ", Kind::Text, URL, Mode::Markdown, true);
    assert_eq!((text.extractor, text.text.as_str()), ("raw", "<b>a</b>\n\n\n  b"));
}

#[test]
fn what_is_too_deep_or_too_much_is_given_as_bare_text() {
    let deep = format!("{}deep <script>x()</script>", "<div>".repeat(2000));
    let page = read(&deep, Mode::Markdown);
    assert_eq!((page.text.as_str(), page.extractor), ("deep", "raw-html"));
    let wide = "<p>a".repeat(MAX_ELEMENTS + 1);
    assert!(read(&wide, Mode::Markdown).text.starts_with("a a"));
}

#[test]
fn odd_pages_are_read_too() {
    for html in [
        "",
        "   ",
        "<",
        "</p>",
        "<html></html>",
        "<table><td>x",
        "\u{0}",
        "<title>",
        "<svg><title>x",
    ] {
        for mode in [Mode::Markdown, Mode::Text] {
            let page = read(html, mode);
            assert!(page.text.len() < 20, "{page:?}");
        }
    }
}
