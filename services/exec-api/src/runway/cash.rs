//! Cash by account and currency, and in all.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::answer::{AccountCash, Cash, CurrencyCash, RateUsed};
use super::question::Question;
use crate::book::{Account, Balance, Book, CashMonth, Rate};
use crate::figure::Figure;
use crate::money::{Currency, written};
use crate::schema;
use crate::warning::{Warning, said};

/// What is there, and from when the outlook counts.
#[derive(Debug, Default)]
pub(super) struct Position {
    pub(super) answer: Cash,
    /// Amount and day of the total.
    pub(super) total: Option<(Decimal, NaiveDate)>,
}

/// A sum with its origin.
#[derive(Clone, Debug)]
struct Sum {
    amount: Decimal,
    as_of: NaiveDate,
    sources: Vec<String>,
}

impl Position {
    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        let accounts = self
            .answer
            .accounts
            .iter()
            .filter_map(|account| account.balance.as_ref());
        let currencies = self
            .answer
            .currencies
            .iter()
            .filter_map(|sum| sum.balance.as_ref());
        let figures = accounts.chain(currencies).chain(&self.answer.total);
        figures.flat_map(|figure| figure.sources.iter().map(String::as_str))
    }
}

/// The position on the question's day.
pub(super) fn position(book: &Book, question: &Question, warnings: &mut Vec<Warning>) -> Position {
    let day = question.as_of;
    let open: Vec<&Account> = book
        .accounts
        .iter()
        .filter(|account| account.is_open(day))
        .collect();
    let strays = strays(book, day, warnings);
    let mut held: BTreeMap<Currency, Option<Sum>> = BTreeMap::new();
    let mut accounts = Vec::new();
    for account in &open {
        let balance = latest_balance(book, account, day, warnings);
        let sum = held.entry(account.currency).or_insert_with(|| {
            Some(Sum {
                amount: Decimal::ZERO,
                as_of: day,
                sources: Vec::new(),
            })
        });
        add(sum, balance);
        accounts.push(AccountCash {
            account: account.id.clone(),
            name: account.name.clone(),
            currency: account.currency,
            balance: balance
                .map(|b| Figure::new(b.amount, b.currency, b.date, vec![b.source.clone()])),
        });
    }
    for currency in stated(book, day) {
        held.entry(currency)
            .or_insert_with(|| by_month(book, currency, day));
    }
    for (currency, sum) in &mut held {
        if strays.contains(currency) || book.lost(&schema::CASH_ACCOUNT) {
            *sum = None;
        }
        if sum
            .as_ref()
            .is_some_and(|sum| contradicted(book, *currency, sum, warnings))
        {
            *sum = None;
        }
    }
    total(book, question, accounts, &held, warnings)
}

/// Adds a balance; an account without one makes the sum unknown. The sum is as old as its oldest part.
fn add(sum: &mut Option<Sum>, balance: Option<&Balance>) {
    match (sum.as_mut(), balance) {
        (Some(sum), Some(balance)) => {
            sum.amount += balance.amount;
            sum.as_of = sum.as_of.min(balance.date);
            sum.sources.push(balance.source.clone());
        }
        (_, None) => *sum = None,
        (None, Some(_)) => (),
    }
}

fn latest_balance<'a>(
    book: &'a Book,
    account: &Account,
    day: NaiveDate,
    warnings: &mut Vec<Warning>,
) -> Option<&'a Balance> {
    let mine = book
        .balances
        .iter()
        .filter(|balance| balance.account == account.id);
    let latest = mine
        .filter(|balance| balance.date <= day)
        .max_by_key(|balance| balance.date);
    match latest {
        Some(balance) if balance.currency != account.currency => {
            let (id, currency, other) = (&account.id, account.currency, balance.currency);
            let message = said(
                format!("the account {id} is in {currency}, its balance in {other}"),
                format!("계좌 {id}의 통화는 {currency}인데 잔액은 {other}입니다"),
            );
            let sources = vec![account.source.clone(), balance.source.clone()];
            warnings.push(Warning::about("contradiction", sources, message));
            None
        }
        Some(balance) => Some(balance),
        None => {
            let message = said(
                format!("no balance of {} on or before {day}", account.id),
                format!("{day}까지 계좌 {}의 잔액이 없습니다", account.id),
            );
            warnings.push(Warning::new("no_balance", &account.source, message));
            None
        }
    }
}

/// Currencies with a balance of an account that nobody knows: their totals would lack it.
fn strays(book: &Book, day: NaiveDate, warnings: &mut Vec<Warning>) -> BTreeSet<Currency> {
    let known = |id: &str| book.accounts.iter().any(|account| account.id == id);
    let mut strays = BTreeSet::new();
    for balance in &book.balances {
        if balance.date <= day && !known(&balance.account) {
            let message = said(
                format!("there is no CashAccount {:?}", balance.account),
                format!("CashAccount 노트 {:?}이(가) 없습니다", balance.account),
            );
            warnings.push(Warning::new("unknown_account", &balance.source, message));
            strays.insert(balance.currency);
        }
    }
    strays
}

/// Closed months by the day, the latest one of each currency.
fn latest_close(book: &Book, currency: Currency, day: NaiveDate) -> Option<&CashMonth> {
    let mine = book
        .months
        .iter()
        .filter(|month| month.currency == currency);
    let closed = mine.filter(|month| month.closed.is_some_and(|closed| closed <= day));
    closed.max_by_key(|month| month.month)
}

/// The currencies whose months are closed by the day.
fn stated(book: &Book, day: NaiveDate) -> BTreeSet<Currency> {
    let closed = book
        .months
        .iter()
        .filter(|month| month.closed.is_some_and(|closed| closed <= day));
    closed.map(|month| month.currency).collect()
}

/// A currency without accounts: what the latest closed month says, if one note alone says it.
fn by_month(book: &Book, currency: Currency, day: NaiveDate) -> Option<Sum> {
    let had_accounts = book
        .accounts
        .iter()
        .any(|account| account.currency == currency);
    if had_accounts {
        // They are all closed or not opened yet: nothing is held.
        return Some(Sum {
            amount: Decimal::ZERO,
            as_of: day,
            sources: Vec::new(),
        });
    }
    let latest = latest_close(book, currency, day)?;
    let rivals = book.months.iter().filter(|month| {
        (month.currency, month.month) == (currency, latest.month)
            && month.closed.is_some_and(|closed| closed <= day)
    });
    (rivals.count() == 1).then(|| Sum {
        amount: latest.balance,
        as_of: latest.month.last_day(),
        sources: vec![latest.source.clone()],
    })
}

/// Whether the closed month of the same day says another sum than the accounts.
fn contradicted(book: &Book, currency: Currency, sum: &Sum, warnings: &mut Vec<Warning>) -> bool {
    let same_day = |month: &&CashMonth| {
        month.currency == currency && month.closed.is_some() && month.month.last_day() == sum.as_of
    };
    let Some(month) = book.months.iter().find(same_day) else {
        return false;
    };
    if month.balance == sum.amount || sum.sources.is_empty() {
        return false;
    }
    let (day, held) = (sum.as_of, written(sum.amount, currency));
    let stated = written(month.balance, currency);
    let message = said(
        format!(
            "on {day} the accounts hold {held} {currency} together, and the closed month says {stated}"
        ),
        format!("{day}에 계좌들의 합은 {held} {currency}인데 마감 노트는 {stated}이라고 합니다"),
    );
    let sources = sum
        .sources
        .iter()
        .cloned()
        .chain([month.source.clone()])
        .collect();
    warnings.push(Warning::about("contradiction", sources, message));
    true
}

fn total(
    book: &Book,
    question: &Question,
    accounts: Vec<AccountCash>,
    held: &BTreeMap<Currency, Option<Sum>>,
    warnings: &mut Vec<Warning>,
) -> Position {
    let mut whole = (!held.is_empty()).then(|| Sum {
        amount: Decimal::ZERO,
        as_of: question.as_of,
        sources: Vec::new(),
    });
    let mut rates = BTreeSet::new();
    for (currency, sum) in held {
        let converted = sum.as_ref().and_then(|sum| {
            let converted = book.convert(sum.amount, *currency, question.currency, question.as_of);
            let converted = converted.map_err(|warning| warnings.push(warning)).ok()?;
            Some((sum, converted))
        });
        let Some((sum, converted)) = converted else {
            whole = None;
            continue;
        };
        rates.extend(converted.rate.map(RateUsed::of));
        if let Some(whole) = &mut whole {
            whole.amount += converted.amount;
            whole.as_of = whole.as_of.min(sum.as_of);
            whole.sources.extend(sum.sources.iter().cloned());
            whole
                .sources
                .extend(converted.rate.map(|rate| rate.source.clone()));
        }
    }
    let figure =
        |sum: &Sum, currency| Figure::new(sum.amount, currency, sum.as_of, sum.sources.clone());
    let currencies = held.iter().map(|(currency, sum)| CurrencyCash {
        currency: *currency,
        balance: sum.as_ref().map(|sum| figure(sum, *currency)),
    });
    Position {
        answer: Cash {
            accounts,
            currencies: currencies.collect(),
            total: whole.as_ref().map(|sum| figure(sum, question.currency)),
            rates: rates.into_iter().collect(),
        },
        total: whole.map(|sum| (sum.amount, sum.as_of)),
    }
}

impl RateUsed {
    pub(super) fn of(rate: &Rate) -> Self {
        Self {
            base: rate.base,
            quote: rate.quote,
            rate: rate.worth.to_string(),
            date: rate.date,
            source: rate.source.clone(),
        }
    }
}
