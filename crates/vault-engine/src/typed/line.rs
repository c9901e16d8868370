//! Reads the one-line form of a query.
//!
//! ```text
//! line  = [ or ] [ "sort" ["by"] field ["asc"|"desc"] {"," …} ] [ "group" ["by"] field ]
//! or    = and { "or" and }        and = not { "and" not }       not = "not" not | "(" or ")" | test
//! test  = field ( sign value | ["not"] "in" "(" value {"," value} ")" | ["not"] "contains" value
//!               | "between" value "and" value | ["not"] "exists" | "missing" | "is" ["not"] "null" )
//! ```

use serde_json::{Value, json};

use super::{
    All, Any, Condition, MAX_CHARS, MAX_DEPTH, Negation, Op, Order, Query, QueryError, Test,
    tokens::{Kind, Token, number, tokens},
};

pub(super) fn parse(text: &str) -> Result<Query, QueryError> {
    if text.chars().count() > MAX_CHARS {
        return Err(QueryError::TooLarge);
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        depth: 0,
    };
    let mut query = Query::default();
    if !parser.is_tail() {
        query.condition = Some(parser.or()?);
    }
    while !parser.is_end() {
        if parser.take_word("sort") || parser.take_word("order") {
            parser.take_word("by");
            query.sort = parser.orders()?;
        } else if parser.take_word("group") {
            parser.take_word("by");
            query.group = Some(parser.field()?);
        } else {
            return Err(parser.expected("and, or, sort by, group by, or the end"));
        }
    }
    query.check()?;
    Ok(query)
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

const END: Kind = Kind::End;

impl Parser {
    fn kind(&self) -> &Kind {
        self.tokens.get(self.next).map_or(&END, |token| &token.kind)
    }

    fn is_end(&self) -> bool {
        *self.kind() == END
    }

    /// Whether the conditions are over, or there are none: `sort by due`, but not `sort = 1`.
    fn is_tail(&self) -> bool {
        let sign = matches!(
            self.tokens.get(self.next + 1).map(|token| &token.kind),
            Some(Kind::Sign("=" | "!=" | "<" | "<=" | ">" | ">="))
        );
        self.is_end()
            || (!sign
                && ["sort", "order", "group"]
                    .iter()
                    .any(|word| self.is_word(word)))
    }

    fn is_word(&self, wanted: &str) -> bool {
        matches!(self.kind(), Kind::Word(word) if word.eq_ignore_ascii_case(wanted))
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.is_word(wanted);
        self.next += usize::from(found);
        found
    }

    fn take_sign(&mut self, wanted: &str) -> bool {
        let found = matches!(self.kind(), Kind::Sign(sign) if *sign == wanted);
        self.next += usize::from(found);
        found
    }

    fn expected(&self, what: &str) -> QueryError {
        let at = self
            .tokens
            .get(self.next)
            .or(self.tokens.last())
            .map_or(1, |token| token.at);
        let found = match self.kind() {
            Kind::Word(word) => format!("`{}`", word.chars().take(40).collect::<String>()),
            Kind::Text(text) => {
                format!("the text \"{}\"", text.chars().take(40).collect::<String>())
            }
            Kind::Sign(sign) => format!("`{sign}`"),
            Kind::End => "the end".to_owned(),
        };
        QueryError::Syntax {
            at,
            message: format!("expected {what}, found {found}"),
        }
    }

    fn or(&mut self) -> Result<Condition, QueryError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(QueryError::TooLarge);
        }
        let mut or = vec![self.and()?];
        while self.take_word("or") {
            or.push(self.and()?);
        }
        self.depth -= 1;
        Ok(single(or, |or| Condition::Or(Any { or })))
    }

    fn and(&mut self) -> Result<Condition, QueryError> {
        let mut and = vec![self.not()?];
        while self.take_word("and") {
            and.push(self.not()?);
        }
        Ok(single(and, |and| Condition::And(All { and })))
    }

    fn not(&mut self) -> Result<Condition, QueryError> {
        let mut negated = false;
        while self.take_word("not") {
            negated = !negated;
        }
        let condition = if self.take_sign("(") {
            let inner = self.or()?;
            if !self.take_sign(")") {
                return Err(self.expected("`)`"));
            }
            inner
        } else {
            self.test()?
        };
        Ok(if negated {
            opposite(condition)
        } else {
            condition
        })
    }

    fn field(&mut self) -> Result<String, QueryError> {
        let Kind::Word(word) = self.kind() else {
            return Err(self.expected("a property's name"));
        };
        let name = word.clone();
        self.next += 1;
        Ok(name)
    }

    fn test(&mut self) -> Result<Condition, QueryError> {
        let field = self.field()?;
        let test = |op, value| {
            Condition::Test(Test {
                field: field.clone(),
                op,
                value,
            })
        };
        for (sign, op) in [
            ("=", Op::Equal),
            ("!=", Op::Unequal),
            ("<=", Op::AtMost),
            (">=", Op::AtLeast),
            ("<", Op::Less),
            (">", Op::More),
        ] {
            if self.take_sign(sign) {
                return self.value().map(|value| match (op, &value) {
                    (Op::Equal, Value::Null) => test(Op::Missing, Value::Null),
                    (Op::Unequal, Value::Null) => test(Op::Exists, Value::Null),
                    _ => test(op, value),
                });
            }
        }
        if self.take_word("is") {
            let op = if self.take_word("not") {
                Op::Exists
            } else {
                Op::Missing
            };
            return if self.take_word("null") || self.take_word("empty") {
                Ok(test(op, Value::Null))
            } else {
                Err(self.expected("null"))
            };
        }
        if self.take_word("between") {
            let low = self.value()?;
            if !self.take_word("and") {
                return Err(self.expected("`and` and the upper end"));
            }
            let and = vec![test(Op::AtLeast, low), test(Op::AtMost, self.value()?)];
            return Ok(Condition::And(All { and }));
        }
        let negated = self.take_word("not");
        let found = if self.take_word("in") {
            test(Op::In, self.list()?)
        } else if self.take_word("contains") {
            test(Op::Contains, self.value()?)
        } else if self.take_word("exists") {
            test(Op::Exists, Value::Null)
        } else if !negated && self.take_word("missing") {
            test(Op::Missing, Value::Null)
        } else {
            return Err(
                self.expected("=, !=, <, <=, >, >=, in, contains, between, exists or missing")
            );
        };
        Ok(if negated { opposite(found) } else { found })
    }

    fn list(&mut self) -> Result<Value, QueryError> {
        if !self.take_sign("(") {
            return Err(self.expected("`(` and a list"));
        }
        let mut items = vec![self.value()?];
        while self.take_sign(",") {
            items.push(self.value()?);
        }
        if self.take_sign(")") {
            Ok(Value::Array(items))
        } else {
            Err(self.expected("`,` or `)`"))
        }
    }

    fn value(&mut self) -> Result<Value, QueryError> {
        let value = match self.kind() {
            Kind::Text(text) => json!(text),
            Kind::Word(word) => match word.to_ascii_lowercase().as_str() {
                "null" => Value::Null,
                "true" => json!(true),
                "false" => json!(false),
                _ => number(word).unwrap_or_else(|| json!(word)),
            },
            Kind::Sign(_) | Kind::End => return Err(self.expected("a value")),
        };
        self.next += 1;
        Ok(value)
    }

    fn orders(&mut self) -> Result<Vec<Order>, QueryError> {
        let mut orders = Vec::new();
        loop {
            let field = self.field()?;
            let desc = self.take_word("desc");
            if !desc {
                self.take_word("asc");
            }
            // `-due` is the other way to say `due desc`.
            orders.push(
                match field.strip_prefix('-').filter(|name| !name.is_empty()) {
                    Some(name) => Order {
                        field: name.to_owned(),
                        desc: true,
                    },
                    None => Order { field, desc },
                },
            );
            if !self.take_sign(",") {
                return Ok(orders);
            }
        }
    }
}

fn single(mut parts: Vec<Condition>, many: impl FnOnce(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

fn opposite(condition: Condition) -> Condition {
    Condition::Not(Negation {
        not: Box::new(condition),
    })
}
