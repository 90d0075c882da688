//! Cells of a record that JSON writes in more than one way: [`Text`], borrowed from the line where
//! it has no escapes, [`Term`] and [`Setting`].

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON string.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl JsonSchema for Text<'_> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }
}

/// A subject or object: the id of something, or a literal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Term<'a> {
    /// A string: an id if it has the form of one, otherwise a literal.
    Text(Text<'a>),
    /// A number, a truth value, or `{"literal": "…"}`: never an id.
    Literal(Text<'a>),
}

impl Term<'_> {
    /// As the relations hold it.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Literal(text) => text,
        }
    }
}

impl JsonSchema for Term<'_> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Term".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": ["string", "number", "boolean"] },
            { "type": "object", "properties": { "literal": { "type": "string" } },
              "required": ["literal"] },
        ] })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Term<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TermVisitor)
    }
}

struct TermVisitor;

#[derive(serde::Deserialize)]
struct Literal<'a> {
    #[serde(borrow)]
    literal: Text<'a>,
}

impl<'de> Visitor<'de> for TermVisitor {
    type Value = Term<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number, a truth value or {\"literal\": \"…\"}")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Term::Text(Text(Cow::Borrowed(text))))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Term::Text(Text(Cow::Owned(text.to_owned()))))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(literal(&value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(literal(&value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(literal(&value))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(literal(&value))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let literal = Literal::deserialize(MapAccessDeserializer::new(map))?.literal;
        Ok(Term::Literal(literal))
    }
}

fn literal<'de>(value: &impl ToString) -> Term<'de> {
    Term::Literal(Text(Cow::Owned(value.to_string())))
}

/// The value of a policy: one text, number or truth value, or a list of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting<'a>(pub Vec<Text<'a>>);

impl JsonSchema for Setting<'_> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Setting".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": ["string", "number", "boolean"] },
            { "type": "array", "items": { "type": ["string", "number", "boolean"] } },
        ] })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Setting<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor)
    }
}

struct SettingVisitor;

impl<'de> Visitor<'de> for SettingVisitor {
    type Value = Setting<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number, a truth value or a list of them")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Setting(vec![Text(Cow::Borrowed(text))]))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Setting(vec![Text(Cow::Owned(text.to_owned()))]))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(setting(&value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(setting(&value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(setting(&value))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(setting(&value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Setting(mut one)) = seq.next_element::<Setting<'de>>()? {
            if one.len() != 1 {
                return Err(A::Error::custom("a list in a list"));
            }
            items.append(&mut one);
        }
        Ok(Setting(items))
    }
}

fn setting<'de>(value: &impl ToString) -> Setting<'de> {
    Setting(vec![Text(Cow::Owned(value.to_string()))])
}
