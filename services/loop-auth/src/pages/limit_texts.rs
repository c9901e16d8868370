//! What pages say of limits, in both languages.

use super::texts::Text;

/// More of [`super::texts`].
pub(super) const TEXTS: &[Text] = &[
    (
        "login_problem_too_many",
        "There were too many wrong passwords, so this one was not looked at.",
        "잘못된 비밀번호가 너무 많이 입력되어 이번에는 확인하지 않았습니다.",
    ),
    (
        "login_wait_seconds",
        "Try again in {count} s. A browser that you have signed in with before does not wait for other people's mistakes.",
        "{count}초 뒤에 다시 시도해 주세요. 이전에 로그인한 적이 있는 브라우저는 다른 사람의 실수 때문에 기다리지 않습니다.",
    ),
    (
        "login_wait_minutes",
        "Try again in {count} min. A browser that you have signed in with before does not wait for other people's mistakes.",
        "{count}분 뒤에 다시 시도해 주세요. 이전에 로그인한 적이 있는 브라우저는 다른 사람의 실수 때문에 기다리지 않습니다.",
    ),
];
