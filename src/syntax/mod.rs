//! Layer 3: text to tree, and back.

mod annotation;
pub mod ast;
mod attach;
pub mod cursor;
pub mod format;
pub mod include;
mod layout;
pub mod lexer;
pub mod parser;
mod parser_body;
mod parser_expr;
mod parser_items;
mod parser_refused;
pub mod printer;
#[cfg(test)]
mod tests;
pub mod token;
