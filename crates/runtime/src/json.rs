//! JSON as it is written: flat objects, lists and texts, without the machinery that could write anything.

/// A text that grows into one value.
#[derive(Default)]
pub struct Json(String);

impl Json {
    pub fn finish(self) -> String {
        self.0
    }

    /// `{…}`.
    pub fn object(&mut self, fields: impl FnOnce(&mut Self)) {
        self.within('{', '}', fields);
    }

    /// `[…]`.
    pub fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut one: impl FnMut(&mut Self, T),
    ) {
        self.within('[', ']', |json| {
            for item in items {
                json.comma();
                one(json, item);
            }
        });
    }

    fn within(&mut self, open: char, close: char, inside: impl FnOnce(&mut Self)) {
        self.0.push(open);
        inside(self);
        self.0.push(close);
    }

    /// The name of a field, whose value comes next.
    pub fn key(&mut self, name: &str) -> &mut Self {
        self.comma();
        self.text(name);
        self.0.push(':');
        self
    }

    /// Between two values of one list or object.
    fn comma(&mut self) {
        if !self.0.ends_with(['{', '[']) {
            self.0.push(',');
        }
    }

    pub fn text(&mut self, text: &str) {
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.0.extend(['\\', c]),
                '\0'..='\u{1f}' => {
                    let digit = |place: u32| char::from_digit((c as u32 >> place) & 15, 16);
                    self.0.push_str("\\u00");
                    self.0.extend([4, 0].into_iter().filter_map(digit));
                }
                c => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    pub fn flag(&mut self, flag: bool) {
        self.0.push_str(if flag { "true" } else { "false" });
    }

    pub fn number(&mut self, mut number: u64) {
        let at = self.0.len();
        loop {
            let digit = char::from_digit((number % 10) as u32, 10).unwrap_or('0');
            self.0.insert(at, digit);
            number /= 10;
            if number == 0 {
                return;
            }
        }
    }

    /// A field that is left out where there is nothing to say.
    pub fn text_if(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.key(name).text(text);
        }
    }

    /// The same of a time: zero is none.
    pub fn time_if(&mut self, name: &str, at: u64) {
        if at > 0 {
            self.key(name).number(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn values_are_written_as_json_has_them() {
        let mut json = Json::default();
        json.object(|json| {
            json.key("a").text("\"\\ é\n\u{1f}");
            json.key("n").number(1_790_000_000_000);
            json.key("z").number(0);
            json.key("f").flag(true);
            json.text_if("none", None);
            json.time_if("never", 0);
            json.key("l").list([1, 20], |json, one| json.number(one));
            json.key("e")
                .list(Vec::<u64>::new(), |json, one| json.number(one));
            json.key("o").object(|_| {});
        });
        assert_eq!(
            json.finish(),
            "{\"a\":\"\\\"\\\\ é\\u000a\\u001f\",\"n\":1790000000000,\"z\":0,\"f\":true,\"l\":[1,20],\"e\":[],\"o\":{}}"
        );
    }

    #[test]
    fn a_text_that_ends_like_a_beginning_is_followed_by_a_comma() {
        let mut json = Json::default();
        json.list(["[", "{", ""], Json::text);
        assert_eq!(json.finish(), r#"["[","{",""]"#);
    }
}
