/** What the parser makes of a message selector. */
import { SubscriptionParseError } from '../../protocol/filter.js';

/** Parentheses and unary operators in each other. Apache's parser runs out of stack at a few thousand. */
export const MAX_DEPTH = 500;

export type TextOperator = 'CONTAINS' | 'STARTSWITH' | 'ENDSWITH';
export type CompareOperator = '>' | '>=' | '<' | '<=';

/** Numbers are their source text. `or` and `and` have at least two operands, evaluated from left to right. */
export type SelectorNode =
  | { readonly kind: 'property'; readonly name: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'decimal' | 'float'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'negate' | 'not'; readonly operand: SelectorNode }
  | { readonly kind: 'or' | 'and'; readonly operands: readonly SelectorNode[] }
  | { readonly kind: 'equal'; readonly left: SelectorNode; readonly right: SelectorNode; readonly negated: boolean }
  | { readonly kind: 'isNull'; readonly operand: SelectorNode; readonly negated: boolean }
  | {
      readonly kind: 'compare';
      readonly operator: CompareOperator;
      readonly left: SelectorNode;
      readonly right: SelectorNode;
    }
  | {
      readonly kind: 'text';
      readonly operator: TextOperator;
      readonly operand: SelectorNode;
      readonly search: string;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'between';
      readonly operand: SelectorNode;
      readonly low: SelectorNode;
      readonly high: SelectorNode;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'in';
      readonly operand: SelectorNode;
      readonly items: readonly string[];
      readonly negated: boolean;
    };

/** The text is no message selector; the message is what Apache's exception says where that is worth having. */
export class SelectorError extends SubscriptionParseError {}

/** Nested more deeply than MAX_DEPTH. */
export class SelectorDepthError extends SelectorError {
  constructor() {
    super(`java.lang.StackOverflowError: more than ${MAX_DEPTH} levels`);
  }
}
