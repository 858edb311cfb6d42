import contextlib
import io
import unittest
from pathlib import Path

import linttemplates
from acknowledged import ACKNOWLEDGED, Acknowledgement

PLANTED = Path(__file__).parent / "testdata/planted.json"


class EveryMistakeIsFound(unittest.TestCase):
    def test_in_the_template_and_in_each_kind_of_policy(self):
        found = {(finding.rule, finding.where) for finding in linttemplates.check(PLANTED)}
        for mistake in [
            ("E3012", "Resources/Queue/Properties/VisibilityTimeout"),
            ("RESOURCE_MISMATCH", "Resources/Policy/Properties/PolicyDocument"),
            ("UNKNOWN_ACTION", "Resources/Role/Properties/AssumeRolePolicyDocument"),
            ("UNKNOWN_CONDITION_FOR_ACTION", "Resources/BusPolicy/Properties"),
            ("UNKNOWN_ACTION", "Resources/QueuePolicy/Properties/PolicyDocument"),
            ("UNKNOWN_ACTION", "Resources/LogPolicy/Properties/PolicyDocument"),
        ]:
            self.assertIn(mistake, found)

    def test_and_makes_the_command_fail_with_a_line_that_names_it(self):
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            code = linttemplates.main([PLANTED])
        self.assertEqual(code, 1)
        self.assertIn("planted.json: Resources/Queue/Properties/VisibilityTimeout: E3012: ", printed.getvalue())


class AnAcknowledgement(unittest.TestCase):
    finding = linttemplates.Finding("prod.json", "Resources/Queue", "E1", "is wrong")

    def test_is_for_one_rule_place_and_template(self):
        for rule, where, template, matches in [
            ("E1", "Resources/Queue", r"prod\.json", True),
            ("E2", "Resources/Queue", r"prod\.json", False),
            ("E1", "Resources", r"prod\.json", False),
            ("E1", "Resources/Queue", r"dev\.json", False),
        ]:
            problems = list(linttemplates.compare([self.finding], [Acknowledgement(rule, where, "reason", template)]))
            self.assertEqual(problems == [], matches, f"{rule} {where} {template}: {problems}")

    def test_that_matches_nothing_is_a_problem(self):
        problems = list(linttemplates.compare([], [Acknowledgement("E1", "Resources/Queue", "reason")]))
        self.assertEqual(problems, ["acknowledged.py: nothing is E1 at Resources/Queue: remove it"])

    def test_has_a_reason(self):
        for acknowledgement in ACKNOWLEDGED:
            self.assertTrue(acknowledgement.reason, acknowledgement)


if __name__ == "__main__":
    unittest.main()
